import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {EngineError} from '../../source/engine/engine.ts';
import {explain, findRemedy, remedies} from '../../source/host/remedies.ts';

describe('known error texts', () => {
	for (const {id, example} of remedies) {
		test(`${id} is known by its text, whatever stands around it`, () => {
			assert.equal(findRemedy(example)?.id, id);
			assert.equal(findRemedy(`OCI runtime create failed: ${example}: unknown`)?.id, id);
		});
	}

	test('each has an id of its own, a meaning and a fix', () => {
		assert.equal(new Set(remedies.map(({id}) => id)).size, remedies.length);
		for (const {id, meaning, fix} of remedies) {
			assert.match(meaning, /^\p{Lu}.+\.$/u, id);
			assert.ok(fix.length > 5, id);
		}
	});

	test('what is not known is told as it is', () => {
		assert.equal(findRemedy('the moon is in the wrong quarter'), undefined);
		const failure = explain(new EngineError('failed', 'the moon is in the wrong quarter'));
		assert.equal(failure.message, 'the moon is in the wrong quarter');
	});
});

// In the words of the programs that print them.
const met: Array<[text: string, id: string]> = [
	['could not select device driver "nvidia" with capabilities: [[gpu]]', 'no-toolkit'],
	['failed to discover GPU vendor from CDI: no known GPU vendor found', 'no-toolkit'],
	['failed to inject CDI devices: unresolvable CDI devices nvidia.com/gpu=0', 'cdi-missing'],
	['Error: setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=all', 'cdi-missing'],
	['CDI device injection failed: no CDI specification directories specified', 'cdi-missing'],
	['Failed to initialize NVML: Driver/library version mismatch NVML library version: 580.159', 'driver-mismatch'],
	['Unable to determine the device handle for GPU 0000:05:00.0: GPU has fallen off the bus.', 'gpu-lost'],
	['cuda error: forward compatibility was attempted on non supported hw', 'forward-compatibility'],
	[
		'NVIDIA GeForce RTX 5090 with CUDA capability sm_120 is not compatible with the current PyTorch installation.',
		'not-compiled-for-gpu',
	],
	['MANIFEST_UNKNOWN: manifest unknown; unknown tag=TAG', 'no-such-image'],
	['pull access denied for example/private, repository does not exist or may require docker login', 'no-such-image'],
];
for (const [text, id] of met) {
	test(text, () => assert.equal(findRemedy(text)?.id, id));
}
