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
	['mkdir: cannot create directory ‘/tmp/gpubox’: No space left on device', 'disk-full'],
	['MANIFEST_UNKNOWN: manifest unknown; unknown tag=TAG', 'no-such-image'],
	[
		'Get "https://nvcr.io/v2/": dial tcp: lookup nvcr.io on 10.0.0.2:53: read udp 10.0.0.9:41530->10.0.0.2:53: i/o timeout',
		'registry-not-found',
	],
	['Get "https://quay.io/v2/": net/http: TLS handshake timeout', 'registry-unreachable'],
	['Get "http://127.0.0.1:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused', 'registry-unreachable'],
	['Head "https://registry.example/v2/a/manifests/1": no basic auth credentials', 'registry-login'],
	[
		'Get "https://registry.example/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
		'registry-certificate',
	],
	['Get "https://10.0.0.5:5000/v2/": http: server gave HTTP response to HTTPS client', 'registry-certificate'],
	['pull access denied for example/private, repository does not exist or may require docker login', 'no-such-image'],
];
// A box may say such things of servers of its own.
for (const text of [
	'401 Unauthorized: no token',
	'requests.exceptions.ConnectionError: connection refused',
	'x509: expired',
]) {
	test(`${text}: is not about a registry`, () => assert.equal(findRemedy(text), undefined));
}

for (const [text, id] of met) {
	test(text, () => assert.equal(findRemedy(text)?.id, id));
}
