import assert from 'node:assert/strict';
import {test} from 'node:test';
import {exitCode} from '../../../source/base/failure.ts';
import {catalogue, unknownImage, withTeamImages} from '../../../source/image/catalogue/catalogue.ts';
import {
	candidates,
	frameworkOf,
	recommend,
	refusal,
	suggest,
	suggestionToJson,
	worthListing,
} from '../../../source/image/catalogue/suggest.ts';
import {readTeamImages} from '../../../source/image/catalogue/team-images.ts';
import {fitFacts} from '../../../source/image/facts.ts';
import {judge} from '../../../source/image/fit/fit.ts';
import type {FitFacts, ImageFacts} from '../../../source/image/image.ts';
import {host} from '../_hosts.ts';

const nothingLocal = candidates(catalogue(), []);
const best = (facts: FitFacts, local: readonly ImageFacts[] = []) =>
	recommend(facts, candidates(catalogue(), local), {services: ['jupyter']});

function entry(reference: string): ImageFacts {
	const found = catalogue().find(reference);
	assert.ok(found, reference);
	return found;
}

for (const [driver, gpus, reference] of [
	['580.65.06', ['NVIDIA GeForce RTX 5090'], 'pytorch/pytorch:2.14.1-cuda13.0-cudnn9-runtime'],
	['595.71.05', ['NVIDIA GeForce RTX 4090'], 'pytorch/pytorch:2.14.1-cuda13.2-cudnn9-runtime'],
	['550.54.15', ['NVIDIA GeForce RTX 4090'], 'pytorch/pytorch:2.14.1-cuda12.6-cudnn9-runtime'],
	['570.124.06', ['NVIDIA GeForce RTX 5090'], 'pytorch/pytorch:2.11.0-cuda12.8-cudnn9-runtime'],
	['580.65.06', ['Tesla V100-SXM2-16GB'], 'pytorch/pytorch:2.14.1-cuda12.6-cudnn9-runtime'],
	[
		'580.65.06',
		['NVIDIA GeForce GTX 1080', 'NVIDIA GeForce RTX 4090'],
		'pytorch/pytorch:2.14.1-cuda12.6-cudnn9-runtime',
	],
	['580.65.06', ['Tesla V100-SXM2-16GB', 'NVIDIA B200'], 'pytorch/pytorch:2.10.0-cuda12.8-cudnn9-runtime'],
	['470.256.02', ['Tesla T4'], 'pytorch/pytorch:2.7.1-cuda11.8-cudnn9-runtime'],
] as const) {
	test(`${gpus.join(' + ')} on ${driver}: ${reference}`, () => {
		const suggestion = best(host(driver, gpus));
		assert.equal(suggestion?.image.reference, reference);
		assert.deepEqual(suggestion.leftOut, []);
		assert.match(suggestion.why, /^Fits the driver and .*Jupyter is added at the first start\./);
	});
}

test('exactly one is recommended, it comes first, and what fits comes before what does not', () => {
	const list = suggest(host('575.57.08', ['NVIDIA H100 80GB HBM3']), nothingLocal);
	assert.equal(list.length, catalogue().entries.length);
	assert.deepEqual(
		list.map(({recommended}) => recommended),
		list.map((_, index) => index === 0),
	);
	const fits = list.map(({judgement}) => ({true: 0, unknown: 1, false: 2})[String(judgement.fits)] ?? 9);
	assert.deepEqual(
		fits,
		fits.toSorted((a, b) => a - b),
	);
	assert.ok(list.every(({why}) => why.length > 10));
});

test('what is on the host comes before what must be pulled', () => {
	const local = entry('pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime');
	const suggestion = best(host('580.65.06', ['NVIDIA H100 80GB HBM3']), [local]);
	assert.equal(suggestion?.image.reference, local.reference);
	assert.match(suggestion.why, /already on this host/);
});

test('a local image needs no room for a pull', () => {
	const local = entry('pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime');
	const facts = host('580.65.06', ['NVIDIA H100 80GB HBM3'], {freeDiskBytes: 1e9});
	assert.equal(best(facts, [local])?.image.reference, local.reference);
});

test("a team's own image comes first where it fits", () => {
	const team = readTeamImages(
		[
			{
				reference: 'registry.example/ml:v2.8',
				framework: 'pytorch',
				cuda: '12.8',
				computeCapabilities: ['9.0'],
				provides: ['jupyter'],
			},
		],
		'gpubox.yaml',
	);
	const offered = candidates(withTeamImages(team), []);
	assert.equal(
		recommend(host('575.57.08', ['NVIDIA H100 80GB HBM3']), offered)?.image.reference,
		'registry.example/ml:v2.8',
	);
	assert.notEqual(
		recommend(host('575.57.08', ['NVIDIA GeForce RTX 5090']), offered)?.image.reference,
		'registry.example/ml:v2.8',
	);
});

test('where no image fits every card, the one for most of them, for those cards only', () => {
	const suggestion = best(
		host('580.65.06', ['NVIDIA GeForce GTX 1080', 'NVIDIA GeForce RTX 5090', 'NVIDIA GeForce RTX 5090']),
	);
	assert.equal(suggestion?.judgement.fits, false);
	assert.deepEqual(suggestion.gpus, ['GPU-1', 'GPU-2']);
	assert.deepEqual(suggestion.leftOut, [0]);
	assert.match(suggestion.why, /skips GPU 0/);
});

test('without a GPU: Jupyter for the processor', () => {
	const suggestion = best(host(null, []));
	assert.equal(suggestion?.image.cpuOnly, true);
	assert.deepEqual(suggestion.image.provides, ['jupyter']);
});

test('a server, a bare CUDA image or an image nobody knows is not recommended while there is better', () => {
	for (const facts of [host('580.65.06', ['NVIDIA H100 80GB HBM3']), host(null, [])]) {
		const suggestion = best(facts, [
			entry('vllm/vllm-openai:v0.28.0'),
			{...unknownImage('postgres:17'), platforms: ['linux/amd64']},
		]);
		assert.ok(suggestion?.image.framework === 'pytorch');
	}
});

test('nothing is recommended where nothing can be used', () => {
	assert.equal(best(host('390.157', ['NVIDIA GeForce GTX 1080'])), undefined);
	assert.equal(best(host('580.65.06', ['NVIDIA H100 80GB HBM3'], {injection: 'none'})), undefined);
});

test('images nobody knows are listed with --all only', () => {
	const unknown = {...unknownImage('postgres:17'), platforms: ['linux/amd64']};
	const list = suggest(host('580.65.06', ['NVIDIA H100 80GB HBM3']), candidates(catalogue(), [unknown]));
	const row = list.find(({image}) => image === unknown);
	assert.equal(row?.judgement.fits, 'unknown');
	assert.equal(row.local, true);
	assert.equal(worthListing(row), false);
	assert.equal(
		list.filter(worthListing).some(({judgement}) => judgement.fits === false),
		false,
	);
});

test('a row in JSON has the published fields', () => {
	const [row] = suggest(host('575.57.08', ['NVIDIA H100 80GB HBM3']), [
		{image: entry('pytorch/pytorch:2.14.1-cuda13.0-cudnn9-runtime'), local: false},
	]);
	assert.ok(row);
	const json = suggestionToJson(row);
	assert.deepEqual(
		{...json, reasons: json.reasons.map(({code}) => code)},
		{
			reference: 'pytorch/pytorch:2.14.1-cuda13.0-cudnn9-runtime',
			fits: false,
			recommended: false,
			local: false,
			cuda: '13.0',
			framework: 'pytorch 2.14.1',
			provides: [],
			reasons: ['driver-too-old'],
			why: 'Its CUDA 13.0 needs NVIDIA driver 580.65.06 or newer; this host has 575.57.08 (CUDA 12.9).',
			notes: [],
			leftOut: [0],
			kind: 'runtime',
			status: 'seen',
			downloadBytes: 3_500_000_000,
			released: null,
		},
	);
	assert.equal(frameworkOf(unknownImage('a:1')), null);
});

test('on a mixed host a row tells of each card', () => {
	const [row] = suggest(host('580.65.06', ['NVIDIA GeForce GTX 1080', 'NVIDIA GeForce RTX 5090']), [
		{image: entry('pytorch/pytorch:2.14.1-cuda13.0-cudnn9-runtime'), local: false},
	]);
	assert.ok(row);
	assert.deepEqual(suggestionToJson(row).perGpu, [
		{index: 0, uuid: 'GPU-0', fits: false},
		{index: 1, uuid: 'GPU-1', fits: true},
	]);
});

test('an unfit image is refused with exit 5, the reason and the remedy', () => {
	const image = entry('pytorch/pytorch:2.14.1-cuda13.0-cudnn9-runtime');
	const failure = refusal(image.reference, judge(host('575.57.08', ['NVIDIA H100 80GB HBM3']), image));
	assert.equal(failure?.exitCode, exitCode.imageDoesNotFit);
	assert.match(failure.message, /does not fit.*580\.65\.06/);
	assert.match(failure.fix, /Install NVIDIA driver 580\.65\.06.*--force/);
	assert.equal(refusal(image.reference, judge(host('580.65.06', ['NVIDIA H100 80GB HBM3']), image)), undefined);
});

test('the facts of a host are those of the cards that the box would get', () => {
	const gpu = (index: number, name: string, mig: Array<{uuid: string; profile: string}> = []) => ({
		index,
		uuid: `GPU-${index}`,
		name,
		busId: null,
		computeCapability: '9.0',
		memoryTotalMiB: null,
		powerLimit: null,
		migMode: null,
		persistenceMode: null,
		mig,
	});
	const inventory = {
		driverVersion: '580.65.06',
		cudaVersion: '13.0',
		gpus: [gpu(0, 'NVIDIA H100 80GB HBM3', [{uuid: 'MIG-a', profile: '3g.40gb'}]), gpu(1, 'NVIDIA GeForce RTX 4090')],
	};
	const facts = fitFacts(inventory, undefined, {gpus: ['MIG-a'], architecture: 'x64'});
	assert.deepEqual(facts.gpus, [
		{uuid: 'GPU-0', index: 0, name: 'NVIDIA H100 80GB HBM3', computeCapability: '9.0', class: 'datacentre'},
	]);
	assert.equal(facts.engine.injection, 'unknown');
	assert.equal(fitFacts(inventory, undefined).gpus.length, 2);
	assert.equal(fitFacts(inventory, undefined, {gpus: []}).gpus.length, 0);
});
