import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {exitCode} from '../../source/base/failure.ts';
import {refusal} from '../../source/engine/errors.ts';
import {buildRemedies, explain, findBuildRemedy, findRemedy} from '../../source/host/remedies.ts';

// What other programs say in nearly the same words. A wrong explanation is worse than none.
const neighbours = [
	'OutOfMemory: out of shared memory  HINT: You might need to increase "max_locks_per_transaction".',
	'ERROR:  out of shared memory',
	'OutOfResources: out of resource: shared memory, Required: 163840, Hardware limit: 101376.',
	'triton.runtime.errors.OutOfResources: out of resource: shared memory, Required: 163840, Hardware limit: 101376. Reducing block sizes or `num_stages` may help.',
	'NCCL INFO Channel 00 : 0[0] -> 1[1] via SHM/direct/direct, /dev/shm/nccl-Ab12Cd',
	'RuntimeError: unable to open shared memory object </torch_4242_1234567890_0> in read-write mode: Too many open files (24)',
	'gunicorn worker (pid 123) is killed by signal: Bus error',
	'inotify_add_watch("/workspace/src") failed: No space left on device',
	'Error: ENOSPC: System limit for number of file watchers reached',
	'FATAL:  could not create semaphores: No space left on device',
	'mkdir /sys/fs/cgroup/memory/a: No space left on device',
	'error: no devices/emulators found',
	'* No devices were found on the network',
	'no devices were found',
	'The child process has fallen off the bus',
	'our GPU is lost in the mail',
	'This printer requires reset',
	'Driver/library version mismatch: psycopg 3 and libpq 9',
	'database driver error: timed out',
	'redis initialization error: timed out',
	'ValueError: invalid CUDA version: cu128',
	"Error: Invalid CUDA version '12'",
	'nvcc: invalid CUDA version: 99',
	'cmake: unsupported capabilities found in CPU',
	'requirement error: unsatisfied condition: ready',
	'cp: cannot create libnvidia-ml.so.1: File exists',
	'tar: file creation failed: /usr/lib/libfoo.so: file exists',
	'device error: /dev/video0: no such device',
	'OSError: [Errno 19] No such device',
	'could not select device driver "amd" with capabilities: [[gpu]]',
	'could not select device driver for the sound card',
	'unresolvable CDI devices vendor.example/fpga=0',
	'unknown or invalid runtime name: nvidia-experimental',
	'sensor system not yet initialized',
	'ERROR: Broker system not yet initialized (802)',
	'Found no driver on your system',
	'No GPUs are available in this region',
	'Flask was not compiled with SSL enabled',
	'no kernel image found in /boot',
	'numba is not compatible with the current PyTorch installation of this plugin',
	'Your browser driver is too old (found version 12040)',
	'MySQL driver version is insufficient',
	'chrome: manifest unknown field "foo"',
	'web app manifest for site not found',
	'fatal: repository does not exist',
	'ERROR: Repository does not exist, or you do not have access to it',
	'401 Unauthorized: authentication required',
	'HTTP 401 Unauthorized: no token',
	'Get "https://api.wandb.example/graphql": dial tcp: lookup api.wandb.example: no such host',
	'Get "https://api.wandb.example/graphql": dial tcp 10.0.0.1:443: connect: connection refused',
	'Get "https://telemetry.example/v1/track": x509: certificate signed by unknown authority',
	'Post "https://api.wandb.example/files": context deadline exceeded',
	'requests.exceptions.ConnectionError: connection refused',
	'x509: expired',
	'DEBUG too many requests in flight',
	'see also: externally-managed-environment in the docs',
	'Failed to initialize NVML-like interface: Unknown Error',
	'the toolchain is unsupported',
	'ERROR: Could not find a version that satisfies the requirement einops (from versions: none)',
	'E: Unable to locate package foo',
];

describe('look-alikes of other programs', () => {
	for (const text of neighbours) {
		test(text, () => assert.equal(findRemedy(text)?.id, undefined));
	}
});

const nested = (stderr: string) =>
	`failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running prestart hook #0: exit status 1, stdout: , stderr: ${stderr}: unknown`;

describe("what NVIDIA's hook says when a container is started", () => {
	const mode = "Auto-detected mode as 'legacy'\n";
	for (const [stderr, meaning, fix, code] of [
		[
			`${mode}nvidia-container-cli: container error: cgroup subsystem devices not found`,
			/^The host uses cgroup v2, and its NVIDIA Container Toolkit is older than support for it \(nvidia-container-cli: container error: cgroup subsystem devices not found\)\.$/,
			/^Upgrade nvidia-container-toolkit/,
			exitCode.noGpu,
		],
		[
			`${mode}nvidia-container-cli: mount error: file creation failed: /var/lib/docker/overlay2/0a1b2c/merged/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1: file exists`,
			/^The image contains a library of NVIDIA's driver.*libnvidia-ml\.so\.1: file exists\)\.$/,
			/^Choose another image/,
			exitCode.imageDoesNotFit,
		],
		[
			`${mode}nvidia-container-cli: initialization error: driver error: timed out`,
			/^The NVIDIA driver was asleep/,
			/sudo nvidia-smi -pm 1$/,
			exitCode.noGpu,
		],
		[
			'invalid CUDA version: cu128',
			/^The image's variable CUDA_VERSION is not a version.*\(invalid CUDA version: cu128\)\.$/,
			/^Choose another image.*NVIDIA_DISABLE_REQUIRE=1$/,
			exitCode.imageDoesNotFit,
		],
		[
			`${mode}nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please update your driver to a newer version, or use an earlier cuda container`,
			/^The image needs a newer CUDA/,
			/^Choose an image that fits/,
			exitCode.imageDoesNotFit,
		],
	] as const) {
		test(stderr, () => {
			const failure = explain(refusal(nested(stderr), 500));
			assert.match(failure.message, meaning);
			assert.match(failure.fix, fix);
			assert.equal(failure.exitCode, code);
			assert.deepEqual(failure.details, []);
			assert.doesNotMatch(failure.message, /runc|shim|unknown/);
		});
	}

	test('unknown words come first and whole, without the advice to install what has just spoken', () => {
		const failure = explain(refusal(nested(`${mode}nvidia-container-cli: moon error: wrong quarter`), 500));
		assert.equal(failure.message, 'nvidia-container-cli: moon error: wrong quarter');
		assert.match(failure.details.join(), /error running prestart hook #0: exit status 1/);
		assert.doesNotMatch(failure.fix, /install/i);
		assert.equal(failure.exitCode, exitCode.noGpu);
	});

	test('of several lines the last one counts, however long the others are', () => {
		const failure = explain(refusal(nested(`time=1 level=info msg="${'x'.repeat(900)}"\nthe cause`), 500));
		assert.equal(failure.message, 'the cause');
		assert.equal(failure.fix, '');
	});

	test('an unknown refusal of the engine that is no GPU matter keeps its words', () => {
		const failure = explain(
			refusal(
				'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "tini": executable file not found in $PATH: unknown',
				400,
			),
		);
		assert.equal(failure.message, 'exec: "tini": executable file not found in $PATH');
		assert.equal(failure.fix, '');
	});
});

const retrying = (cause: string) =>
	`WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by '${cause}': /simple/einops/`;

describe('a build or a post-create command that fails', () => {
	for (const {id, example} of buildRemedies) {
		test(`the example of ${id} is its own`, () => assert.equal(findBuildRemedy(example)?.id, id));
	}

	const none =
		'ERROR: Could not find a version that satisfies the requirement einops (from versions: none)\nERROR: No matching distribution found for einops';
	for (const [text, id] of [
		[none, 'build-no-package'],
		[
			`${retrying("NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')")}\n${none}`,
			'build-network',
		],
		[
			`${retrying('NameResolutionError("<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: Failed to resolve \'pypi.org\' ([Errno -3] Temporary failure in name resolution)")')}\n${none}`,
			'build-network',
		],
		[
			`${retrying('ReadTimeoutError("HTTPSConnectionPool(host=\'pypi.org\', port=443): Read timed out. (read timeout=15)")')}\n${none}`,
			'build-network',
		],
		[
			`${retrying("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 403 Forbidden'))")}\n${none}`,
			'build-proxy',
		],
		[
			`${retrying("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed'))")}\n${none}`,
			'build-certificate',
		],
		[
			"Err:1 http://packages.example/debian bookworm InRelease\n  Temporary failure resolving 'packages.example'\nE: Unable to locate package openssh-server",
			'build-network',
		],
		[
			'W: Failed to fetch http://packages.example/debian/dists/bookworm/InRelease  Could not connect to packages.example:80 (192.0.2.80), connection timed out\nE: Unable to locate package rsync',
			'build-network',
		],
		['E: Unable to locate package ffmpegg', 'build-no-package'],
		["E: Package 'python-pip' has no installation candidate", 'build-no-package'],
		["E: Version '99' for 'ffmpeg' was not found", 'build-no-version'],
		[
			'ERROR: Could not find a version that satisfies the requirement einops==99 (from versions: 0.7.0, 0.8.0)',
			'build-no-version',
		],
		[
			'ERROR: Cannot install torch==2.1.0 because these package versions have conflicting dependencies.\nERROR: ResolutionImpossible: for help visit https://pip.pypa.io',
			'build-conflict',
		],
		['The following packages have unmet dependencies:\n libc6-dev : Depends: libc6 (= 2.36)', 'build-conflict'],
		['Usage:\n  python3 -m pip install [options]\n\nno such option: --root-user-action', 'build-option'],
		['ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', 'disk-full'],
		[
			"E: You don't have enough free space in /var/cache/apt/archives/.\ncp: error writing: No space left on device",
			'disk-full',
		],
		["error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", 'build-compiler'],
		[
			"W: GPG error: https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2004/x86_64  InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY A4B469963BF863CC",
			'build-repository',
		],
		['SyntaxError: invalid syntax', undefined],
		["The command '/bin/sh -c sh /opt/gpubox/install packages' returned a non-zero code: 1", undefined],
		['make: *** [all] Error 2\nmanifest: could not connect', undefined],
	] as const) {
		test(text.slice(0, 90), () => assert.equal(findBuildRemedy(text)?.id, id));
	}
});
