import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {GpuFacts} from '../../source/gpu/gpu.ts';
import {
	boxNameFor,
	cardLines,
	type Download,
	faultOfGpus,
	namesOfCards,
	planLines,
	planRows,
	settingsFor,
	uses,
} from '../../source/setup/plan.ts';

const card = (index: number, name: string) => ({index, name}) as GpuFacts;
const two = [card(0, 'NVIDIA RTX A6000'), card(1, 'NVIDIA RTX A6000')];
const answers = {use: 'notebook', gpus: '1', data: '/data', image: 'team/train:3', name: undefined} as const;

test('each use takes its services', () => {
	const services = uses.map((use) => settingsFor({...answers, use}).services);
	assert.deepEqual(services, [['jupyter'], ['ssh'], ['jupyter', 'ssh']]);
});

test('data is mounted read-only', () => {
	assert.deepEqual(settingsFor(answers), {
		image: 'team/train:3',
		services: ['jupyter'],
		gpus: '1',
		mounts: ['/data:/data:ro'],
	});
});

test('what was not answered is not set', () => {
	const nothing = {use: 'editor', gpus: undefined, data: undefined, image: undefined, name: undefined} as const;
	assert.deepEqual(settingsFor(nothing), {services: ['ssh']});
});

test('a number of GPUs has to be one, and there', () => {
	for (const fine of ['1', '2', 'all', 'none', 'auto', '0,1']) {
		assert.equal(faultOfGpus(fine, two), undefined, fine);
	}

	assert.equal(faultOfGpus('3', two), 'This host has 2.');
	assert.match(faultOfGpus('many', two) ?? '', /Invalid value for --gpus/);
	// The file may be for a host that this one is not.
	assert.equal(faultOfGpus('3', []), undefined);
});

test('cards are counted by their names', () => {
	assert.equal(namesOfCards([...two, card(2, 'NVIDIA L4')]), '2 × NVIDIA RTX A6000, 1 × NVIDIA L4');
});

test('a name with control sequences is shown without them', () => {
	const lines = planLines(
		{...answers, data: '/data\u001B[2J'},
		{file: '/project/gpubox.yaml', why: '', downloads: new Map()},
	);
	assert.ok(!lines.join('\n').includes('\u001B'));
});

test('the plan says how much is downloaded, and where that is not known', () => {
	const downloads = new Map<string, Download>([
		['pytorch', 3.5 * 1024 ** 3],
		['here', 'here'],
		['untold', 'unknown'],
	]);
	const told = (image: string | undefined) =>
		planRows({...answers, image}, {file: '', why: '', downloads}).find(([label]) => label === 'Download')?.[1];
	assert.deepEqual(['pytorch', 'here', 'untold', 'never-heard-of', undefined].map(told), [
		'3.5 GiB',
		'none: it is on this host',
		'size unknown',
		'size unknown',
		'size unknown',
	]);
});

test('five commands, with the way in that was chosen', async () => {
	const lines = cardLines('alice-vision', {use: 'editor'});
	assert.equal(lines.filter((line) => line.startsWith('  ')).length, 5);
	assert.match(lines.join('\n'), /ssh alice-vision/);
	assert.match(cardLines('alice-vision', {use: 'notebook'}).join('\n'), /gpubox open alice-vision/);
	assert.equal(await boxNameFor('alice', '/projects/vision', undefined), 'alice-vision');
	assert.equal(await boxNameFor('alice', '/projects/图像', undefined), 'alice-tu-xiang');
	assert.equal(await boxNameFor('alice', '/projects/vision', 'sight'), 'alice-sight');
});
