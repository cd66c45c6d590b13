import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {allSettings} from '../../source/settings/describe.ts';
import {defaults, merge, type Origin, type Sourced, toSettings} from '../../source/settings/merge.ts';

const places = ['flag', 'gpubox.yaml', 'personal', 'default'] as const;

function origin(place: Origin['place'], where: string = place): Origin {
	return {place, where, base: '/'};
}

const single = allSettings().filter(({kind, key}) => kind === 'value' || key === 'services');

/** Layers in their order, each setting some single values to something that only it says. */
const layers = fc
	.tuple(...places.map(() => fc.uniqueArray(fc.constantFrom(...single.map(({key}) => key)))))
	.map((chosen) =>
		chosen.map((keys, index): Sourced[] => {
			const place = places[index] ?? 'default';
			return keys.map((key) => ({key, value: `${key} by ${place}`, origin: origin(place)}));
		}),
	);

test('a flag always wins', () => {
	fc.assert(
		fc.property(layers, (all) => {
			const winners = merge(all);
			for (const flag of all[0] ?? []) {
				assert.deepEqual(
					winners.filter(({key}) => key === flag.key),
					[flag],
				);
			}
		}),
	);
});

test('each key has one winner: the strongest place that sets it, and its origin names that place', () => {
	fc.assert(
		fc.property(layers, (all) => {
			const winners = merge(all);
			assert.deepEqual(winners.map(({key}) => key).sort(), [...new Set(all.flat().map(({key}) => key))].sort());
			for (const {key, value, origin: from} of winners) {
				const strongest = places.find((_place, index) => all[index]?.some((said) => said.key === key));
				assert.equal(from.place, strongest);
				assert.equal(value, `${key} by ${strongest}`);
			}
		}),
	);
});

test('items of lists add up: none is lost, the strongest come first', () => {
	const items = fc.array(fc.constantFrom<string[]>('a', 'b', 'c', 'd'), {maxLength: 4});
	fc.assert(
		fc.property(items, items, (strong, weak) => {
			const layer = (values: string[], place: Origin['place']) =>
				values.map((value): Sourced => ({key: 'secrets', value, item: true, origin: origin(place)}));
			const winners = merge([layer(strong, 'gpubox.yaml'), layer(weak, 'personal')]);
			assert.deepEqual(toSettings(winners).secrets ?? [], [...new Set([...strong, ...weak])]);
			for (const {value, origin: from} of winners) {
				assert.equal(from.place, strong.includes(String(value)) ? 'gpubox.yaml' : 'personal');
			}
		}),
	);
});

test('of two mounts with the same target the stronger one counts', () => {
	const mount = (value: string, place: Origin['place']): Sourced => ({
		key: 'mounts',
		value,
		item: true,
		origin: origin(place),
	});
	const winners = merge([
		[mount('/mine:/data', 'flag')],
		[mount('/team:/data/:ro', 'gpubox.yaml'), mount('/models:/models', 'gpubox.yaml')],
	]);
	assert.deepEqual(toSettings(winners).mounts, ['/mine:/data', '/models:/models']);
});

test('of two images of the same name the stronger one counts', () => {
	const image = (cuda: string, place: Origin['place']): Sourced => ({
		key: 'images',
		value: {reference: 'registry.example/train:3', cuda},
		item: true,
		origin: origin(place),
	});
	const winners = merge([[image('12.8', 'gpubox.yaml')], [image('11.8', 'personal')]]);
	assert.deepEqual(toSettings(winners).images, [{reference: 'registry.example/train:3', cuda: '12.8'}]);
});

test('variables are put together one by one', () => {
	const variable = (name: string, value: string, place: Origin['place']): Sourced => ({
		key: `env.${name}`,
		value,
		origin: origin(place),
	});
	const winners = merge([
		[variable('SEED', '1', 'flag')],
		[variable('SEED', '2', 'gpubox.yaml'), variable('MODE', 'train', 'gpubox.yaml')],
		[variable('EDITOR', 'vim', 'personal')],
	]);
	assert.deepEqual(toSettings(winners).env, {SEED: '1', MODE: 'train', EDITOR: 'vim'});
});

test('without anything said the defaults hold', () => {
	const winners = merge([[], [], [], defaults]);
	assert.deepEqual(toSettings(winners), {services: ['jupyter'], gpus: 'auto', bind: '127.0.0.1'});
	assert.ok(winners.every(({origin: from}) => from.place === 'default'));
});

test('merging does not change what it is given', () => {
	fc.assert(
		fc.property(layers, (all) => {
			const before = structuredClone(all);
			toSettings(merge(all));
			assert.deepEqual(all, before);
		}),
	);
});
