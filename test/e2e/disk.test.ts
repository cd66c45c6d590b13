import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {Readable} from 'node:stream';
import {after, before, describe, test} from 'node:test';
import {pack} from 'tar-stream';
import {dockerOf, makePerson, needsOwnEngine, type Person, testHost} from '../_helpers/test-host/index.ts';

// Who uses the disk, on a real engine. Nothing is removed here: other tests use layers of the same engine (test/app/images has removing).

const host = testHost();
const docker = dockerOf(host);

type Disk = {
	images: Array<{name: string; madeByGpubox: boolean; usedBy: string[]; sizeBytes: number; ownBytes: number | null}>;
	prunable: Array<{name: string}>;
	removed: string[];
	caches: object[];
	buildCacheBytes: number | null;
};

/** An image as `docker load` takes it, of long ago. */
async function loadImage(name: string, labels: Record<string, string>): Promise<void> {
	const hash = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');
	const layer = pack();
	layer.entry({name: 'file'}, name);
	layer.finalize();
	const parts: Buffer[] = [];
	for await (const part of layer) {
		parts.push(part as Buffer);
	}

	const data = Buffer.concat(parts);
	const config = JSON.stringify({
		architecture: 'amd64',
		os: 'linux',
		created: '2020-01-01T00:00:00Z',
		config: {Labels: labels, Cmd: ['/file']},
		rootfs: {type: 'layers', diff_ids: [`sha256:${hash(data)}`]},
	});
	const archive = pack();
	archive.entry({name: 'layer.tar'}, data);
	archive.entry({name: `${hash(config)}.json`}, config);
	archive.entry(
		{name: 'manifest.json'},
		JSON.stringify([{Config: `${hash(config)}.json`, RepoTags: [name], Layers: ['layer.tar']}]),
	);
	archive.finalize();
	const answer = await docker.loadImage(Readable.from(archive));
	await new Promise<void>((resolve, reject) => {
		docker.modem.followProgress(answer, (error) => (error ? reject(error) : resolve()));
	});
}

describe('gpubox disk', {skip: needsOwnEngine}, () => {
	let person: Person;
	let [used, unused, foreign, stopped] = ['', '', '', ''];
	before(async () => {
		person = await makePerson(host, 'disk');
		const mark = person.project.slice(-6);
		[used, unused] = [`gpubox/box:disk-used-${mark}`, `gpubox/box:disk-unused-${mark}`];
		[foreign, stopped] = [`gpubox-test/disk:${mark}`, `disk-test-${mark}`];
		const labels = {'gpubox.derived-from': 'x', 'gpubox.derived-from-id': 'sha256:x'};
		await Promise.all([loadImage(used, labels), loadImage(unused, labels), loadImage(foreign, {})]);
		// Not of gpubox, and not running.
		await docker.createContainer({name: stopped, Image: used});
	});
	after(async () => {
		await docker.getContainer(stopped).remove({force: true});
		for (const name of [used, unused, foreign]) {
			await docker.getImage(name).remove({force: true});
		}

		await person.remove();
	});

	test('shows images with who uses them; only an own layer that nothing uses may go', async () => {
		const {stdout, stderr, code} = await person.runGpubox(['disk', '--json']);
		assert.equal(code, 0, stderr);
		const {images, prunable, removed, buildCacheBytes} = JSON.parse(stdout) as Disk;
		const of = (name: string) => images.find((each) => each.name === name);
		assert.partialDeepStrictEqual(of(used), {madeByGpubox: true, usedBy: [stopped]});
		assert.partialDeepStrictEqual(of(unused), {madeByGpubox: true, usedBy: []});
		assert.partialDeepStrictEqual(of(foreign), {madeByGpubox: false, usedBy: []});
		assert.ok((of(foreign)?.ownBytes ?? 0) > 0);
		assert.equal(typeof buildCacheBytes, 'number');
		const names = prunable.map(({name}) => name);
		assert.ok(names.includes(unused));
		assert.ok(!names.includes(used) && !names.includes(foreign));
		assert.deepEqual(removed, []);
	});

	test('--prune removes nothing that was not agreed to', async () => {
		const {stdout, stderr, code} = await person.runGpubox(['disk', '--prune']);
		assert.equal(code, 1);
		assert.equal(stdout, '');
		assert.match(stderr, new RegExp(`^  ${unused}  `, 'm'));
		assert.match(
			stderr,
			/^gpubox: Nothing was removed: there is no terminal to ask on\.\n {2}→ To remove them: gpubox disk --prune --yes\n$/m,
		);
		assert.ok(await docker.getImage(unused).inspect());
	});
});
