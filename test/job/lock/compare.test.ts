import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {compareLock, isSame, type Observed} from '../../../source/job/lock/compare.ts';
import type {Inside} from '../../../source/job/lock/inside.ts';
import {distribution, inside, lock} from './_lock.ts';

const {image} = lock;
const observed: Observed = {
	inputs: lock.inputs,
	postCreate: false,
	projectEnvironment: {},
	image: {tagged: {digest: image.digest, rootfs: image.rootfs, platform: image.platform}, lockedHere: true},
	layers: lock.layers,
	box: {name: 'alice-train', onLockedImage: true, image: image.reference},
	inside: {
		found: inside,
		where: 'box alice-train',
		changes: [],
		imageEnvironment: {PATH: '/opt/conda/bin:/usr/bin'},
	},
	host: {driver: '570.86.10', gpus: [{index: 0, name: 'NVIDIA H100', computeCapability: '9.0'}]},
};

const look = (change: Partial<Inside>, more: Partial<NonNullable<Observed['inside']>> = {}): Observed => ({
	...observed,
	inside: {
		where: 'box alice-train',
		changes: [],
		imageEnvironment: {PATH: '/opt/conda/bin:/usr/bin'},
		...more,
		found: {...inside, ...change},
	},
});
const withPackage = (name: string, version: string, more: Parameters<typeof distribution>[2] = {}) => [
	...inside.distributions.filter((each) => each.name !== name),
	distribution(name, version, more),
];

const other = `sha256:${'9'.repeat(64)}`;

const cases: Array<[name: string, observed: Observed, differences: string[], same?: boolean]> = [
	['nothing changed', observed, []],
	['gpubox.yaml changed', {...observed, inputs: other}, ['differs gpubox.yaml']],
	[
		'the name was moved, the locked image is here too',
		{...observed, image: {tagged: {digest: other, rootfs: other, platform: 'linux/amd64'}, lockedHere: true}},
		['note image'],
	],
	[
		'the name was moved and the locked image is gone',
		{...observed, image: {tagged: {digest: other, rootfs: other, platform: 'linux/amd64'}, lockedHere: false}},
		['blocks image'],
	],
	[
		'the same content under another digest',
		{...observed, image: {tagged: {digest: other, rootfs: image.rootfs, platform: 'linux/amd64'}, lockedHere: true}},
		[],
	],
	[
		'another processor',
		{...observed, image: {tagged: {digest: image.digest, rootfs: other, platform: 'linux/arm64'}, lockedHere: false}},
		['blocks image'],
	],
	['the image is not here', {...observed, image: {tagged: null, lockedHere: false}}, ['note image']],
	['only the locked image is here, by its digest', {...observed, image: {tagged: null, lockedHere: true}}, []],
	[
		'another gpubox builds another layer',
		{...observed, layers: {...lock.layers, install: other}},
		['note layer of gpubox'],
	],
	['the registry moved the name', {...observed, registry: {digest: other, hasLocked: true}}, ['note registry']],
	['the registry lost the image', {...observed, registry: {digest: other, hasLocked: false}}, ['differs registry']],
	['the registry is silent', {...observed, registry: {problem: 'timeout'}}, ['note registry']],
	[
		'a box of another image',
		{...observed, box: {name: 'b', onLockedImage: false, image: 'x'}},
		['blocks image of the box'],
	],
	[
		'a box whose image is gone is not said to be of another',
		{...observed, box: {name: 'b', onLockedImage: null, image: 'x'}},
		[],
	],
	[
		'another PyTorch is told once, not as a package, too',
		look({torch: '2.8.0+cpu', distributions: withPackage('torch', '2.8.0+cpu')}),
		['blocks torch'],
	],
	['a PyTorch that cannot be loaded', look({torch: null, problem: 'no libcudnn'}), ['blocks torch']],
	['another NCCL', look({nccl: '2.26.2'}), ['blocks nccl']],
	['another package', look({distributions: withPackage('einops', '0.7.0')}), ['differs einops']],
	[
		'another build of the same version',
		look({distributions: withPackage('einops', '0.8.1', {record: other})}),
		['differs einops'],
	],
	[
		'the same package twice, of which the same is imported',
		look({distributions: withPackage('einops', '0.8.1', {shadows: [{version: '0.7.0', path: '/x'}]})}),
		[],
	],
	['one removed', look({distributions: inside.distributions.slice(1)}), ['differs einops']],
	['one added', look({distributions: withPackage('tqdm', '4.66')}), ['differs tqdm']],
	[
		'one added that postCreate may have installed',
		{...look({distributions: withPackage('tqdm', '4.66')}), postCreate: true},
		['note tqdm'],
	],
	[
		'a compiled copy in a folder that counts as changed',
		look(
			{},
			{
				changes: [
					{path: '/opt/conda/lib/python3.11/site-packages/einops', kind: 'modified'},
					{path: '/opt/conda/lib/python3.11/site-packages/einops/__pycache__', kind: 'added'},
					{path: '/opt/conda/lib/python3.11/site-packages/einops/__pycache__/a.pyc', kind: 'added'},
					{path: '/opt/conda/lib/python3.11/site-packages/einops_more/a.py', kind: 'added'},
				],
			},
		),
		[],
	],
	[
		'a file of a package',
		look({}, {changes: [{path: '/opt/conda/lib/python3.11/site-packages/einops/a.py', kind: 'modified'}]}),
		['differs einops'],
	],
	['another ffmpeg', look({apt: {ffmpeg: '7:5'}}), ['differs ffmpeg (apt)']],
	['no ffmpeg', look({apt: {}}), ['differs ffmpeg (apt)']],
	['a variable of the box', look({environment: {...inside.environment, LD_PRELOAD: '/x.so'}}), ['differs LD_PRELOAD']],
	[
		'a variable that gpubox.yaml sets',
		{...look({environment: {...inside.environment, NCCL_DEBUG: 'INFO'}}), projectEnvironment: {NCCL_DEBUG: 'INFO'}},
		['note NCCL_DEBUG'],
	],
	[
		'what gpubox itself sets',
		look({environment: {...inside.environment, CUDA_DEVICE_ORDER: 'PCI_BUS_ID', PYTHONUSERBASE: '/x'}}),
		[],
	],
	['an older driver that CUDA 12 runs on', {...observed, host: {driver: '550.54.15', gpus: []}}, ['note driver']],
	['a driver that is too old', {...observed, host: {driver: '470.82.01', gpus: []}}, ['blocks driver']],
	['a driver that did not answer', {...observed, host: {driver: null, gpus: []}}, ['note driver']],
	['a newer driver', {...observed, host: {driver: '600.1', gpus: []}}, []],
	[
		'cards: one without code for it, one with PTX, one that told nothing',
		{
			...observed,
			host: {
				driver: '570.26',
				gpus: [
					{index: 0, name: 'GTX 1080', computeCapability: '6.1'},
					{index: 1, name: 'RTX 5090', computeCapability: '12.0'},
					{index: 2, name: 'unknown', computeCapability: null},
				],
			},
		},
		['blocks GPU 0'],
	],
];

describe('compareLock', () => {
	for (const [name, facts, differences] of cases) {
		test(name, () => {
			const found = compareLock(lock, facts);
			assert.deepEqual(
				found.map(({severity, what}) => `${severity} ${what}`),
				differences,
			);
			assert.equal(
				isSame(found),
				differences.every((each) => each.startsWith('note')),
			);
			for (const {where, fix, severity} of found) {
				assert.notEqual(where, '');
				assert.ok(fix !== '' || severity === 'note');
			}
		});
	}

	test('says which copy of a package is imported, and how to get rid of it', () => {
		const path = '/home/alice/.local/lib/python3.11/site-packages';
		const shadow = {path, from: 'user' as const, shadows: [{version: '0.8.1', path: '/opt'}]};
		const [found] = compareLock(lock, look({distributions: withPackage('einops', '0.7.0', shadow)}));
		assert.partialDeepStrictEqual(found, {
			what: 'einops',
			locked: '0.8.1',
			found: '0.7.0',
			where: `box alice-train: your own packages in ${path}, shadows 0.8.1 of the image`,
		});
		assert.match(found?.fix ?? '', /^pip uninstall einops in the box/);
	});

	test('--allow packages lets other packages pass, and nothing else', () => {
		const packages = look({distributions: withPackage('einops', '0.7.0'), apt: {}});
		assert.equal(isSame(compareLock(lock, packages)), false);
		assert.equal(isSame(compareLock(lock, packages), {allowPackages: true}), true);
		assert.equal(isSame(compareLock(lock, {...packages, inputs: other}), {allowPackages: true}), false);
		assert.equal(isSame(compareLock(lock, look({nccl: '1'})), {allowPackages: true}), false);
	});
});
