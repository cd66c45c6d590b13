import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {ensureDerivedImage, ownReason, serviceLayer} from '../../../../source/box/up/image/build-layers.ts';
import {dueAgain, lackingIn, lackingLabels} from '../../../../source/box/up/image/lacking.ts';
import {type BuildOptions, type Engine, EngineError, type Image} from '../../../../source/engine/engine.ts';

const line = 'gpubox: this layer lacks tmux';
const now = new Date('2026-11-26T12:00:00Z');

test('what a build says that it could not add, and nothing that others say', () => {
	assert.deepEqual(lackingIn(['Step 9/9', line, line, 'E: x']), ['tmux']);
	assert.deepEqual(lackingIn([`${line} `, `echo "${line}"`, 'gpubox: this layer lacks \u001B[2J', '']), []);
	assert.equal(ownReason([line, 'E: Unable to locate package']), undefined);
});

describe('when it is tried again', () => {
	const labels = lackingLabels(['tmux'], now);
	for (const [what, given, minutes, due] of [
		['not at once', labels, 1, []],
		['after an hour', labels, 60, ['tmux']],
		['at once where the last time is not known', {...labels, 'gpubox.lacks-tried': 'yesterday'}, 0, ['tmux']],
		['at once where the last time is yet to come', labels, -5, ['tmux']],
		['never where nothing lacks', lackingLabels([], now), 600, []],
		['never for a layer that does not say', {}, 600, []],
		['never for what is no name', {'gpubox.lacks': '$(id) ;', 'gpubox.lacks-tried': ''}, 600, []],
	] as const) {
		test(what, () => assert.deepEqual(dueAgain(given, new Date(now.getTime() + minutes * 60_000)), due));
	}
});

/** An engine whose builds print these lines, one list a build; an error ends the build. */
function engineThatPrints(...outputs: Array<readonly string[] | EngineError>) {
	const images = new Map<string, Pick<Image, 'id' | 'labels'>>();
	const built: BuildOptions[] = [];
	const engine = {
		inspectImage: async (name: string) => images.get(name),
		async buildImage(options: BuildOptions) {
			built.push(options);
			const output = options.files.length === 1 ? [] : (outputs.shift() ?? []);
			if (output instanceof EngineError) {
				throw output;
			}

			for (const each of output) {
				// As engines colour stderr.
				options.onLine?.(`\u001B[91m${each}\u001B[0m`);
			}

			const id = `sha256:${built.length}`;
			images.set(options.tag, {id, labels: options.labels ?? {}});
			return id;
		},
		async tagImage(id: string, name: string) {
			const image = [...images.values()].find((each) => each.id === id);
			assert.ok(image);
			images.set(name, image);
		},
		async removeImage(name: string) {
			assert.ok(images.delete(name));
		},
	} as unknown as Engine;
	const notes: string[] = [];
	const ensure = () =>
		ensureDerivedImage(engine, {id: 'sha256:base'}, 'team/torch:1', serviceLayer(), {
			settings: {aptMirror: 'https://mirror.example'},
			proxies: {},
			onStart() {},
			onLine() {},
			onNote: (text) => notes.push(text),
		});
	/** As if the last attempt were two hours ago. */
	const later = () => {
		for (const image of images.values()) {
			image.labels['gpubox.lacks-tried'] &&= new Date(Date.now() - 7_200_000).toISOString();
		}
	};
	return {engine, images, built, notes, ensure, later};
}

test('a layer without tmux is labelled, left alone for a while, and completed', async () => {
	const {images, built, notes, ensure, later} = engineThatPrints([line], ['done']);
	const first = await ensure();
	assert.deepEqual([first.id, built.length], ['sha256:2', 2], 'built, and labelled');
	assert.equal(images.get(first.name)?.labels['gpubox.lacks'], 'tmux');
	assert.deepEqual(await ensure(), first);
	assert.equal(built.length, 2);

	later();
	const third = await ensure();
	assert.deepEqual(third, {name: first.name, id: 'sha256:3'});
	assert.equal(built[2]?.arguments?.BASE, 'sha256:2');
	assert.equal(built[2]?.arguments?.APT_MIRROR, 'https://mirror.example');
	assert.deepEqual([...images.keys()], [first.name], 'no other name is left');
	later();
	assert.deepEqual(await ensure(), third);
	assert.deepEqual(
		notes.map((text) => text.split(/[,.:]/)[0]),
		['tmux could not be fetched for team/torch', 'Added tmux'],
	);
});

for (const [what, output] of [
	['lacks it again', [line]],
	['fails', new EngineError('failed', 'no space left on device')],
] as const) {
	test(`an attempt that ${what} leaves the layer, and the next is after another while`, async () => {
		const {images, built, notes, ensure, later} = engineThatPrints([line], output);
		const {name} = await ensure();
		later();
		const second = await ensure();
		assert.equal(second.name, name);
		assert.equal(built.at(-1)?.arguments?.BASE, 'sha256:2', 'the layer as it was, with another time');
		assert.deepEqual([...images.keys()], [name]);
		assert.deepEqual(await ensure(), second);
		assert.match(notes.at(-1) ?? '', /^tmux could again not be fetched for team\/torch:1\./);
	});
}

test('two users who complete a layer at the same moment do not take each other what they built', async () => {
	const {images, notes, ensure, later} = engineThatPrints([line], ['done'], ['done']);
	const {name} = await ensure();
	later();
	const both = await Promise.all([ensure(), ensure()]);
	assert.deepEqual(
		both.map((each) => each.id),
		['sha256:3', 'sha256:4'],
	);
	assert.deepEqual([...images.keys()], [name]);
	assert.equal(notes.filter((text) => text.startsWith('Added tmux')).length, 2);
});

test('an engine that goes away meanwhile is told as that', async () => {
	const {ensure, later} = engineThatPrints([line], new EngineError('unreachable', 'gone'));
	await ensure();
	later();
	await assert.rejects(ensure(), {code: 'unreachable'});
});
