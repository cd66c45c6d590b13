import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {
	type ImageFacts,
	type PrunableImage,
	prunableImages,
	usedImages,
} from '../../../source/app/images/disk-usage.ts';
import {folderSize} from '../../../source/app/images/folder-size.ts';
import {prune} from '../../../source/app/images/measure-disk.ts';
import type {ImageSummary} from '../../../source/engine/engine.ts';
import type {Host} from '../../../source/host/host.ts';
import {withAnswers} from '../../_helpers/answering-engine.ts';

const now = new Date('2026-01-31T12:00:00Z');
const old = new Date('2026-01-01T12:00:00Z');
const {signal} = new AbortController();
const layerLabels = {'gpubox.derived-from': 'base:1', 'gpubox.derived-from-id': 'sha256:base'};

function image(id: string, more: Partial<ImageSummary> = {}): ImageSummary {
	return {
		id: `sha256:${id}`,
		tags: [`gpubox/box:${id}`],
		digests: [],
		sizeBytes: 100,
		createdAt: old,
		labels: layerLabels,
		...more,
	};
}

function container(imageId: string, name: string, createdAt = old) {
	return {
		...{id: name, name, image: 'x', imageId: `sha256:${imageId}`, state: 'exited' as const},
		...{createdAt, labels: {}, ports: []},
	};
}

const images = [
	image('base', {tags: ['base:1'], labels: {}}),
	image('used'),
	image('below-used'),
	image('unused'),
	image('young', {createdAt: new Date('2026-01-31T11:30:00Z')}),
	image('renamed', {tags: ['gpubox/box:renamed', 'mine:1']}),
	image('untagged', {tags: []}),
	image('pulled', {tags: [], digests: ['r.example/x@sha256:1']}),
	image('pushed', {tags: ['r.example/team/x:1'], labels: {'gpubox.built-by': 'push'}}),
	image('posing', {tags: ['gpubox/box:posing'], labels: {}}),
	image('undescribed'),
];
const facts: ImageFacts = {
	images,
	containers: [container('used', 'gpubox-a'), container('used', 'someone', new Date('2026-01-15T00:00:00Z'))],
	usage: {
		images: [
			{id: 'sha256:used', sizeBytes: 100, sharedBytes: 60},
			{id: 'sha256:unused', sizeBytes: 100, sharedBytes: null},
		],
		containers: [],
		buildCacheBytes: null,
	},
	names: new Map([['gpubox-a', 'a of alice']]),
};
const layers = new Map(
	Object.entries({
		...{base: ['1'], used: ['1', '2', '3'], 'below-used': ['1', '2'], unused: ['1', '9'], young: ['1', '8']},
		...{renamed: ['1', '7'], untagged: ['1', '6'], pulled: ['1', '5'], pushed: ['1', '4'], posing: ['1', 'a']},
	}).map(([id, list]) => [`sha256:${id}`, list]),
);

describe('who uses the disk', () => {
	test('containers of anyone by name, boxes with their owner; what was not measured is unknown', () => {
		const used = usedImages(facts);
		const named = (name: string) => used.find((each) => each.name === name);
		assert.partialDeepStrictEqual(named('gpubox/box:used'), {
			ownBytes: 40,
			madeByGpubox: true,
			usedBy: ['a of alice', 'someone'],
			lastUsedAt: new Date('2026-01-15T00:00:00Z'),
		});
		assert.partialDeepStrictEqual(named('gpubox/box:unused'), {ownBytes: null, usedBy: [], lastUsedAt: null});
		assert.equal(named('base:1')?.madeByGpubox, false);
		assert.equal(named('r.example/x@sha256:1')?.id, 'sha256:pulled');
		assert.equal(
			usedImages({...facts, usage: undefined}).every(({ownBytes}) => ownBytes === null),
			true,
		);
	});

	test('what may go: own layers that nothing uses, with no other name, and not of the last hour', () => {
		const found = prunableImages(usedImages(facts), images, layers, now);
		assert.deepEqual(found.map(({id, references}) => `${id} ${references.join()}`).sort(), [
			'sha256:untagged sha256:untagged',
			'sha256:unused gpubox/box:unused',
		]);
	});

	test('nothing goes while the layers of an image in use are not known', () => {
		const unknown = new Map([...layers].filter(([id]) => id !== 'sha256:used'));
		assert.deepEqual(prunableImages(usedImages(facts), images, unknown, now), []);
	});
});

describe('removing', () => {
	const prunable = (name: string): PrunableImage => ({
		...{id: `sha256:${name}`, name, sizeBytes: 1, ownBytes: 1, madeByGpubox: true, createdAt: old},
		...{usedBy: [], lastUsedAt: null, references: [name]},
	});

	test('never by force; one that others are built on goes after them, one that came into use stays', async () => {
		const asked: string[] = [];
		await withAnswers(
			(request, response) => {
				const name = /\/images\/(\w+)$/.exec(request.url ?? '')?.[1] ?? '';
				asked.push(`${request.method} ${request.url?.replace(/^\/v[\d.]+/, '')}`);
				const conflict = name === 'used' || (name === 'lower' && !asked.includes('DELETE /images/upper'));
				response.writeHead(conflict ? 409 : name === 'gone' ? 404 : 200, {'Content-Type': 'application/json'});
				response.end(conflict ? '{"message": "image is being used by stopped container 1"}' : '{"message": "none"}');
			},
			async (engine) => {
				const found = await prune({engine} as Host, ['lower', 'upper', 'used', 'gone'].map(prunable), signal);
				assert.deepEqual(found.removed, ['upper', 'lower']);
				assert.deepEqual(found.kept, ['used stays: image is being used by stopped container 1']);
			},
		);
		assert.deepEqual(asked.slice(0, 2), ['DELETE /images/lower', 'DELETE /images/upper']);
	});
});

describe('the engine measures', () => {
	const answers = (body: object) =>
		withAnswers(
			(request, response) => {
				assert.match(request.url ?? '', /\/system\/df\?type=image&type=container&type=build-cache&verbose=true$/);
				response.end(JSON.stringify(body));
			},
			(engine) => engine.diskUsage(),
		);
	const expected = {
		images: [{id: 'a', sizeBytes: 10, sharedBytes: 4}],
		containers: [{id: 'c', writtenBytes: 7}],
		buildCacheBytes: 5,
	};

	test('as API 1.41 writes it', async () => {
		const found = await answers({
			LayersSize: 9,
			Images: [{Id: 'a', Size: 10, SharedSize: 4, Containers: 1}],
			Containers: [{Id: 'c', SizeRw: 7, SizeRootFs: 17}],
			Volumes: null,
			BuildCache: [
				{ID: 'x', Size: 5, Shared: false},
				{ID: 'y', Size: 3, Shared: true},
			],
		});
		assert.deepEqual(found, expected);
	});

	test('as API 1.52 writes it', async () => {
		const found = await answers({
			ImageUsage: {TotalCount: 1, Items: [{Id: 'a', Size: 10, SharedSize: 4}]},
			ContainerUsage: {Items: [{Id: 'c', SizeRw: 7}]},
			BuildCacheUsage: {TotalSize: 5},
		});
		assert.deepEqual(found, expected);
	});

	test('a build cache with nothing in it is null, and empty; one that is not told of is not known', async () => {
		assert.equal((await answers({Images: [], BuildCache: null})).buildCacheBytes, 0);
		assert.equal((await answers({Images: []})).buildCacheBytes, null);
	});

	test('-1 is not measured', async () => {
		const {images: found} = await answers({Images: [{Id: 'a', Size: 10, SharedSize: -1}]});
		assert.equal(found[0]?.sharedBytes, null);
	});
});

describe('the size of a folder', () => {
	const folder = mkdtempSync(join(tmpdir(), 'gpubox-size-'));
	after(() => rmSync(folder, {recursive: true}));
	mkdirSync(join(folder, 'a/b'), {recursive: true});
	writeFileSync(join(folder, 'a/b/file'), Buffer.alloc(100_000, 1));
	linkSync(join(folder, 'a/b/file'), join(folder, 'a/same'));
	symlinkSync('/usr', join(folder, 'a/link'));

	test('as du counts it: a file with two names once, links not followed', async () => {
		const found = await folderSize(folder, {deadline: Number.POSITIVE_INFINITY, signal});
		const [text = ''] = execFileSync('du', ['-s', '--block-size=1', folder], {encoding: 'utf8'}).split('\t');
		const [own = ''] = execFileSync('stat', ['-c', '%b', folder], {encoding: 'utf8'}).split('\n');
		assert.equal(found?.bytes, Number(text) - Number(own) * 512);
		assert.equal(found?.complete, true);
		assert.ok(found?.lastWrittenAt instanceof Date);
	});

	test('what there is no time for, or no folder, is not known', async () => {
		const late = await folderSize(folder, {deadline: performance.now() - 1, signal});
		assert.equal(late?.complete, false);
		assert.equal(await folderSize(join(folder, 'none'), {deadline: Number.POSITIVE_INFINITY, signal}), undefined);
	});
});
