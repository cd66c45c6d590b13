/** Laws of the judge over made-up hosts and images, the whole catalogue and garbage. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {catalogue, unknownImage} from '../../../source/image/catalogue/catalogue.ts';
import {judge, makeJudge} from '../../../source/image/fit/fit.ts';
import {identify} from '../../../source/image/identify.ts';
import type {FitFacts, ImageFacts, Injection, JudgedGpu, Verdict} from '../../../source/image/image.ts';
import {compareVersions, parseVersion} from '../../../source/text/compare-versions.ts';
import cuda from '../../../templates/catalogue/cuda.json' with {type: 'json'};
import cards from '../../../templates/catalogue/gpu-cards.json' with {type: 'json'};
import {card} from '../_hosts.ts';

const capabilities = [...new Set(cards.cards.map(({computeCapability}) => computeCapability))];
const cudas = cuda.releases.map(({cuda: release}) => release);
const branches = cuda.driverBranches.branches.map(({branch}) => branch);

const gpus = fc.oneof(
	fc.constantFrom(...cards.cards.map(({name}) => name)).map((name) => card(name)),
	fc.record<JudgedGpu>({
		uuid: fc.constant('GPU-x'),
		index: fc.nat(15),
		name: fc.constantFrom('NVIDIA Secret', 'Graphics Device'),
		computeCapability: fc.option(fc.constantFrom(...capabilities, '14.0', '6.2')),
		class: fc.option(fc.constantFrom('datacentre', 'workstation', 'geforce', 'titan', 'jetson')),
	}),
);

// Branches with gaps between them, below the table and above it, and every exact floor that the data names.
const drivers = fc.oneof(
	fc
		.tuple(fc.oneof(fc.constantFrom(...branches), fc.integer({min: 300, max: 640})), fc.nat(200), fc.option(fc.nat(20)))
		.map(([branch, minor, patch]) => `${branch}.${minor}${patch === null ? '' : `.${String(patch).padStart(2, '0')}`}`),
	fc.constantFrom(
		...cuda.releases.flatMap(({minDriver}) => (minDriver === null ? [] : [minDriver])),
		...cuda.minorVersionFloors.floors.map(({minDriver}) => minDriver),
	),
);

const conditions = fc.oneof(
	fc
		.tuple(fc.constantFrom('<', '<=', '=', '!=', '>', '>='), fc.constantFrom(...branches))
		.map(([operator, branch]) => `driver${operator}${branch}`),
	fc
		.tuple(fc.constantFrom('<', '<=', '=', '!=', '>', '>='), fc.constantFrom('11.8', '12.4', '12.8', '13.0'))
		.map(([operator, version]) => `cuda${operator}${version}`),
	fc.constantFrom('brand=tesla', 'brand=geforce', 'brand!=geforce', 'brand=*', 'arch>=7.0', 'arch<9.0'),
);
const requirements = fc
	.array(fc.array(conditions, {minLength: 1, maxLength: 3}), {minLength: 1, maxLength: 4})
	.map((alternatives) => alternatives.map((all) => all.join(',')).join(' '));

const images: fc.Arbitrary<ImageFacts> = fc.oneof(
	fc.constantFrom(...catalogue().entries),
	fc
		.record({
			cuda: fc.option(fc.constantFrom(...cudas, '10.2', '12.7', '14.0')),
			cpuOnly: fc.constantFrom(false, false, false, true),
			computeCapabilities: fc.option(fc.uniqueArray(fc.constantFrom(...capabilities), {minLength: 1, maxLength: 6})),
			ptx: fc.uniqueArray(fc.constantFrom(...capabilities), {maxLength: 2}),
			minComputeCapability: fc.option(fc.constantFrom(...capabilities)),
			minDriver: fc.option(drivers),
			platforms: fc.constantFrom<string[][]>(['linux/amd64'], ['linux/arm64'], ['linux/amd64', 'linux/arm64'], []),
			setsNvidiaRequireCuda: fc.boolean(),
			requireCuda: fc.option(requirements),
			otherRequirements: fc.array(requirements, {maxLength: 2}),
			hasCompatLibs: fc.boolean(),
			downloadBytes: fc.option(fc.integer({min: 0, max: 2e10})),
		})
		.map((fields): ImageFacts => ({...unknownImage('team/own:1'), ...fields})),
);

const facts: fc.Arbitrary<FitFacts> = fc.record({
	driverVersion: fc.option(drivers, {freq: 20}),
	cudaVersion: fc.constant(null),
	gpus: fc.array(gpus, {maxLength: 4}),
	architecture: fc.constantFrom('x86_64', 'aarch64'),
	engine: fc.record({injection: fc.constantFrom<Injection>('legacy-hook', 'cdi', 'unknown', 'none')}),
	freeDiskBytes: fc.option(fc.integer({min: 0, max: 1e11})),
});

const rank = (fits: Verdict) => (fits === true ? 2 : fits === 'unknown' ? 1 : 0);
const runs = {numRuns: 3000};

test('a newer driver never turns a fitting image unfit', () => {
	fc.assert(
		fc.property(facts, images, drivers, drivers, (host, image, a, b) => {
			const inOrder = compareVersions(parseVersion(a) ?? [], parseVersion(b) ?? []) <= 0;
			const [older, newer] = inOrder ? [a, b] : [b, a];
			if (judge({...host, driverVersion: older}, image).fits === true) {
				assert.notEqual(judge({...host, driverVersion: newer}, image).fits, false, `${older} fits, ${newer} does not`);
			}
		}),
		{numRuns: 20_000},
	);
});

test('a newer driver never turns a fitting image of the catalogue unfit: each branch against the next, on every card', () => {
	const steps = branches.toSorted((a, b) => a - b).map((branch) => `${branch}.99`);
	const kinds = new Map(
		cards.cards.map(({name}) => card(name)).map((gpu) => [`${gpu.computeCapability} ${gpu.class}`, gpu]),
	);
	for (const gpu of kinds.values()) {
		for (const injection of ['legacy-hook', 'cdi', 'unknown'] as const) {
			const fitted = new Map<ImageFacts, string>();
			for (const driverVersion of steps) {
				const ask = makeJudge({
					driverVersion,
					cudaVersion: null,
					gpus: [gpu],
					architecture: 'x86_64',
					engine: {injection},
					freeDiskBytes: null,
				});
				for (const image of catalogue().entries) {
					const {fits} = ask(image);
					const before = fitted.get(image);
					assert.ok(
						fits !== false || before === undefined,
						`${gpu.name}, ${image.reference}: ${before} fits, ${driverVersion} does not`,
					);
					if (fits === true) {
						fitted.set(image, driverVersion);
					}
				}
			}
		}
	}
});

test('adding a GPU never makes an image fit better', () => {
	fc.assert(
		fc.property(facts, images, gpus, (host, image, added) => {
			const before = judge(host, image).fits;
			const after = judge({...host, gpus: [...host.gpus, added]}, image).fits;
			assert.ok(rank(after) <= rank(before), `${before} became ${after}`);
		}),
		{numRuns: 10_000},
	);
});

test('the answer for a card does not depend on the cards beside it, nor on their order', () => {
	fc.assert(
		fc.property(facts, images, (host, image) => {
			const together = judge(host, image).perGpu.map(({fits}) => fits);
			const alone = host.gpus.map((gpu) => judge({...host, gpus: [gpu]}, image).perGpu[0]?.fits);
			const turned = judge({...host, gpus: host.gpus.toReversed()}, image).perGpu.map(({fits}) => fits);
			assert.deepEqual(together, alone);
			assert.deepEqual(together, turned.toReversed());
		}),
		runs,
	);
});

test('every refusal and every doubt carries a reason and a remedy, and what fits carries none', () => {
	fc.assert(
		fc.property(facts, images, (host, image) => {
			const {fits, reasons, perGpu, usable} = judge(host, image);
			assert.equal(reasons.length === 0, fits === true);
			for (const reason of [...reasons, ...perGpu.flatMap((gpu) => gpu.reasons)]) {
				assert.ok(reason.message.length > 10);
				assert.ok(reason.fix.length > 10);
				assert.doesNotMatch(`${reason.message}${reason.fix}`, /undefined|null|NaN/);
			}

			for (const gpu of perGpu) {
				assert.equal(gpu.reasons.length === 0, gpu.fits === true);
			}

			assert.ok(fits !== true || usable.length === host.gpus.length);
		}),
		runs,
	);
});

const garbage = fc.oneof(
	fc.string({unit: 'binary', maxLength: 60}),
	fc.constantFrom(
		'',
		'575.banana',
		'9'.repeat(400),
		'1.'.repeat(200),
		'\u001B[2J575.57',
		'-1.0',
		'1e9',
		'NaN',
		'12.8\n',
	),
);

test('garbage never throws, and never fits a card by accident', () => {
	fc.assert(
		fc.property(
			garbage,
			garbage,
			garbage,
			garbage,
			fc.array(garbage, {maxLength: 3}),
			garbage,
			garbage,
			(a, b, c, d, list, e, g) => {
				const host: FitFacts = {
					driverVersion: a,
					cudaVersion: b,
					gpus: [{uuid: c, index: 0, name: d, computeCapability: e, class: null}],
					architecture: g,
					engine: {injection: 'legacy-hook'},
					freeDiskBytes: Number.NaN,
				};
				const image: ImageFacts = {
					...unknownImage(c),
					cuda: a,
					computeCapabilities: list,
					ptx: list,
					minDriver: d,
					minComputeCapability: b,
					platforms: list,
					setsNvidiaRequireCuda: true,
					requireCuda: g,
				};
				for (const {message, fix} of judge(host, image).reasons) {
					assert.doesNotMatch(message + fix, /[\u0000-\u001F\u007F-\u009F]/);
				}
			},
		),
		runs,
	);
});

test('an image with hostile metadata is identified without a throw, and stays unknown where it says nothing sound', () => {
	const hostile = fc.dictionary(
		fc.constantFrom(
			'CUDA_VERSION',
			'PYTORCH_VERSION',
			'TORCH_CUDA_ARCH_LIST',
			'NVIDIA_REQUIRE_CUDA',
			'com.nvidia.cuda.version',
			'gpubox.image.cuda',
			'gpubox.image.framework',
			'gpubox.image.compute-capabilities',
			'gpubox.image.provides',
			'__proto__',
			'constructor',
		),
		garbage,
	);
	fc.assert(
		fc.property(hostile, hostile, garbage, garbage, (environment, labels, architecture, command) => {
			const facts = identify(
				'team/hostile:1',
				{
					tags: ['team/hostile:1', command],
					architecture,
					environment,
					labels,
					exposedPorts: [8888, 22],
					command: [command],
					entrypoint: [],
				},
				catalogue(),
			);
			assert.doesNotMatch(
				`${facts.cuda}${facts.framework}${facts.version}${facts.computeCapabilities}`,
				/[\u0000-\u001F\u007F-\u009F]/,
			);
			const host: FitFacts = {
				driverVersion: '580.65.06',
				cudaVersion: null,
				gpus: [card('NVIDIA H100 80GB HBM3')],
				architecture: 'x86_64',
				engine: {injection: 'legacy-hook'},
				freeDiskBytes: null,
			};
			assert.notEqual(judge(host, facts).fits, true);
		}),
		runs,
	);
});
