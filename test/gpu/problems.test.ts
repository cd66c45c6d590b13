import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {findProblems, problemOfLine, sameBus} from '../../source/gpu/problems.ts';

const well = {exitCode: 0};

describe('text decides first', () => {
	for (const [text, exitCode, code] of [
		[
			"NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
			9,
			'driver-not-running',
		],
		['Failed to initialize NVML: Driver/library version mismatch', 18, 'version-mismatch'],
		[
			"NVIDIA-SMI couldn't find libnvidia-ml.so library in your system. Please make sure that the NVIDIA Display Driver is properly installed and present in your system.",
			12,
			'library-missing',
		],
		['No devices were found', 6, 'no-devices'],
		['No devices found', 0, 'no-devices'],
		[
			'Unable to determine the device handle for GPU 0000:05:00.0: GPU is lost.  Reboot the system to recover this GPU',
			15,
			'gpu-lost',
		],
		[
			'Unable to determine the device handle for GPU0: 0000:24:00.0: GPU is lost.  Reboot the system to recover this GPU',
			6,
			'gpu-lost',
		],
		['Unable to determine the device handle for GPU0000:01:00.0: GPU has fallen off the bus.', 255, 'gpu-lost'],
		['Unable to determine the device handle for gpu 0000:01:00.0: Unknown Error', 255, 'gpu-lost'],
		['WARNING: infoROM is corrupted at gpu 0000:3B:00.0', 14, 'inforom'],
		['Failed to initialize NVML: Unknown Error', 255, 'unknown'],
		['Failed to initialize NVML: Insufficient Permissions', 4, 'permissions'],
		['Failed to initialize NVML: GPU access blocked by the operating system', 255, 'blocked'],
		['sh: 1: nvidia-smi: not found', 127, 'not-installed'],
		// The exit code of another fault does not mislead.
		['No devices were found', 9, 'no-devices'],
	] as const) {
		test(`${text.slice(0, 70)} (${exitCode})`, () => {
			const [problem, ...more] = findProblems([text, ''], {exitCode});
			assert.equal(problem?.code, code);
			assert.equal(problem?.message, text);
			assert.notEqual(problem?.fix, '');
			assert.deepEqual(more, []);
		});
	}

	test('a mismatch names the version of the library', () => {
		const [problem] = findProblems(
			['Failed to initialize NVML: Driver/library version mismatch', 'NVML library version: 580.159'],
			{exitCode: 18},
		);
		assert.equal(
			problem?.message,
			'Failed to initialize NVML: Driver/library version mismatch (NVML library version: 580.159)',
		);
	});

	test('the card that is meant', () => {
		for (const [text, bus] of [
			['Unable to determine the device handle for GPU 0000:05:00.0: GPU is lost.', '0000:05:00.0'],
			['Unable to determine the device handle for GPU12: 0000:24:00.0: GPU is lost.', '0000:24:00.0'],
			['Unable to determine the device handle for GPU0000:01:00.0: GPU has fallen off the bus.', '0000:01:00.0'],
			['WARNING: infoROM is corrupted at gpu 0000:3B:00.0', '0000:3B:00.0'],
		] as const) {
			assert.equal(problemOfLine(text)?.busId, bus);
		}
	});

	test('two lost cards are two problems', () => {
		const lines = ['05', '06'].map(
			(bus) => `Unable to determine the device handle for GPU 0000:${bus}:00.0: GPU is lost.`,
		);
		assert.deepEqual(
			findProblems(lines, {exitCode: 15}).map(({busId}) => busId),
			['0000:05:00.0', '0000:06:00.0'],
		);
	});
});

describe('without a known text', () => {
	for (const [exitCode, code] of [
		[9, 'driver-not-running'],
		[18, 'version-mismatch'],
		[12, 'library-missing'],
		[6, 'no-devices'],
		[15, 'gpu-lost'],
		[14, 'inforom'],
		[4, 'permissions'],
		[127, 'not-installed'],
		[77, 'unknown'],
	] as const) {
		test(`exit code ${exitCode} is ${code}`, () => {
			assert.equal(findProblems([], {exitCode})[0]?.code, code);
			assert.match(findProblems([], {exitCode})[0]?.message ?? '', new RegExp(`exit code ${exitCode}\\b`));
			const [worded] = findProblems(['Etwas ist \u001B[31mschief\u001B[0m gegangen'], {exitCode});
			assert.deepEqual([worded?.code, worded?.message], [code, 'Etwas ist schief gegangen']);
		});
	}

	test('not there, not executable', () => {
		assert.equal(findProblems([], {exitCode: null, startError: 'ENOENT'})[0]?.code, 'not-installed');
		assert.equal(findProblems([], {exitCode: null, startError: 'EACCES'})[0]?.code, 'permissions');
	});

	test('nothing is wrong', () => {
		assert.deepEqual(findProblems([], well), []);
		assert.deepEqual(findProblems(['', '  '], well), []);
	});
});

test('bus ids with domains of any length', () => {
	for (const [one, other, same] of [
		['00000000:05:00.0', '0000:05:00.0', true],
		['00000000:3B:00.0', '3b:00.0', true],
		['0000000F:01:00.0', '000F:01:00.0', true],
		['0000000F:01:00.0', '0000:01:00.0', false],
		['00000000:05:00.0', '00000000:06:00.0', false],
	] as const) {
		assert.equal(sameBus(one, other), same, `${one} ${other}`);
	}
});
