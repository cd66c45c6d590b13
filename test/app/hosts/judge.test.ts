import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {parseDf} from '../../../source/app/hosts/gather.ts';
import {judgeGpus, judgeLock} from '../../../source/app/hosts/judge.ts';
import {whyNot} from '../../../source/app/hosts/why-not.ts';
import type {GpuFacts, GpuInventory} from '../../../source/gpu/gpu.ts';
import type {ProcessList} from '../../../source/gpu/processes.ts';
import {makeBox} from '../../_helpers/make-box.ts';
import {lock} from '../../job/lock/_lock.ts';
import {card, late} from './_hosts.ts';

const gpu: GpuFacts = {
	index: 0,
	uuid: 'GPU-0',
	name: 'NVIDIA H100',
	busId: '00000000:01:00.0',
	computeCapability: '9.0',
	memoryTotalMiB: 80_000,
	powerLimit: null,
	migMode: false,
	persistenceMode: true,
	mig: [],
	utilization: 0,
	memoryUsedMiB: 1,
};
const inventory = (gpus: GpuFacts[], problems: GpuInventory['problems'] = []): GpuInventory => ({
	driverVersion: '575.57.08',
	cudaVersion: null,
	gpus,
	problems,
});
const idle: ProcessList = {processes: [], problems: [], listedAt: 0};
const options = {name: 'gpu2', now: new Date('2026-01-02T00:00:00Z')};

describe('the cards of a machine', () => {
	const stateWith = (...[boxes]: [Parameters<typeof judgeGpus>[2]]) => {
		const answer = judgeGpus(inventory([gpu]), idle, boxes, options);
		assert.ok('value' in answer);
		const [first] = answer.value.cards;
		return [first?.state, first?.reason, first?.boxes];
	};
	test('free, and held by anyone', () => {
		assert.deepEqual(stateWith([]), ['free', null, []]);
		assert.deepEqual(stateWith([makeBox({gpus: ['GPU-0'], mine: false})]), ['held', null, ['alice-train']]);
		assert.deepEqual(stateWith([makeBox({gpus: ['GPU-0'], state: 'exited'})]), ['free', null, []]);
	});
	test('without the list of boxes none counts as free', () => {
		assert.deepEqual(stateWith(undefined), ['unknown', 'boxes not known', []]);
	});
	test('no driver is known; a connection that failed says nothing of the driver', () => {
		const missing = {code: 'not-installed', message: 'sh: nvidia-smi: not found', fix: ''} as const;
		const none = judgeGpus(inventory([], [missing]), idle, [], options);
		assert.deepEqual(none, {value: {driverVersion: '575.57.08', cards: [], note: 'sh: nvidia-smi: not found'}});
		const refused = {code: 'unknown', message: 'alice@gpu2: Permission denied (publickey).', fix: ''} as const;
		assert.deepEqual(judgeGpus(inventory([], [refused]), idle, [], options), {
			why: 'the login was refused (publickey)',
			fix: 'Add your key there (ssh-copy-id), or load it into the agent: ssh-add',
		});
	});
	test('a card that needs a reset', () => {
		const reset = {code: 'needs-reset', message: '', fix: '', busId: '0000:01:00.0'} as const;
		const answer = judgeGpus(inventory([gpu], [reset]), idle, [], options);
		assert.ok('value' in answer);
		assert.deepEqual(answer.value.cards[0]?.state, 'unusable');
	});
});

describe('whether a lock fits', () => {
	const gpus = (driverVersion: string | null, ...cards: Array<ReturnType<typeof card>>) => ({
		value: {driverVersion, cards, note: null},
	});
	const there = {value: {architecture: 'x86_64', here: true}};
	test('driver, cards and image', () => {
		const good = gpus('575.57.08', card(0));
		assert.deepEqual(judgeLock(lock, good, there), {fits: true, why: 'image there', unfitCards: []});
		const fits = (...given: Parameters<typeof judgeLock>) => {
			const {fits: verdict, why} = judgeLock(...given);
			return [verdict, why];
		};
		assert.deepEqual(fits(lock, gpus('470.1', card(0)), there).at(0), false);
		assert.deepEqual(fits(lock, gpus(null, card(0)), there), [null, 'driver not known']);
		assert.deepEqual(fits(lock, late, there), [null, 'driver not known']);
		assert.deepEqual(fits(lock, good, late), [null, 'image not known']);
		assert.deepEqual(fits(lock, gpus('575.57.08'), there), [false, 'no GPU there']);
		assert.deepEqual(fits(lock, gpus('575.57.08', card(0, {computeCapability: '3.0'})), there), [
			false,
			'not compiled for the GPUs there',
		]);
		assert.deepEqual(judgeLock(lock, gpus('575.57.08', card(0, {computeCapability: '3.0'}), card(1)), there), {
			fits: true,
			why: 'image there',
			unfitCards: [0],
		});
		const other = {value: {architecture: 'aarch64', here: true}};
		assert.deepEqual(fits(lock, good, other), [false, 'the image is for amd64, the machine is arm64']);
		const image = (registry: 'has-it' | 'has-not' | 'none' | 'unknown') => ({
			value: {architecture: 'x86_64', here: false, registry},
		});
		assert.deepEqual(fits(lock, good, image('has-it')), [true, 'image to be pulled']);
		assert.deepEqual(fits(lock, good, image('has-not')).at(0), false);
		assert.deepEqual(fits(lock, good, image('none')).at(0), false);
		assert.deepEqual(fits(lock, good, image('unknown')).at(0), null);
	});
});

test('why a machine did not answer, as OpenSSH 9.2, Docker 20.10 and Node said it', () => {
	const texts: Array<[string, string]> = [
		['ssh: Could not resolve hostname gpu9: Name or service not known', 'no host has the name gpu9'],
		['ssh: connect to host 10.0.0.9 port 22: Connection timed out', 'connection timed out'],
		['ssh: connect to host 10.0.0.9 port 22: No route to host', 'no route to host'],
		['ssh: connect to host 127.0.0.1 port 9: Connection refused', 'the connection was refused'],
		[
			"Warning: Permanently added '[10.0.0.9]:22' (ED25519) to the list of known hosts.\r\na@b: Permission denied (publickey,password).",
			'the login was refused (publickey,password)',
		],
		[
			'No ED25519 host key is known for gpu2 and you have requested strict checking.\r\nHost key verification failed.',
			'its host key is not known',
		],
		['kex_exchange_identification: read: Connection reset by peer', 'the connection was closed'],
		[
			'bash: line 1: docker: command not found',
			'docker is not installed there, or not on the PATH of a login over ssh',
		],
		['connect ENOENT /var/run/docker.sock', 'no Docker Engine runs there'],
		['connect EACCES /var/run/docker.sock', 'you may not use its Docker Engine'],
		['spawn ssh ENOENT', 'ssh is not installed on this machine'],
		['\u001B[31msomething new', 'something new'],
	];
	for (const [text, why] of texts) {
		assert.equal(whyNot(text, 'gpu2').why, why);
	}
});

test('free space as df tells it', () => {
	const head = 'Filesystem     1024-blocks      Used Available Capacity Mounted on\n';
	assert.equal(
		parseDf(`${head}/dev/nvme0n1p2  959786032 12345678  898123456       2% /var/lib/docker\n`),
		898_123_456 * 1024,
	);
	assert.equal(parseDf(`${head}tank/docker data  100 1  99       2% /tank\n`), 99 * 1024);
	assert.equal(parseDf('df: /x: No such file or directory\n'), null);
});
