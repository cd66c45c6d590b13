import assert from 'node:assert/strict';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, beforeEach, describe, test} from 'node:test';
import {type CuttingProxy, startCuttingProxy} from '../_helpers/test-host/flaky-proxy.ts';
import {
	buildImage,
	dockerOf,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	type Registry,
	startRegistry,
	testHost,
	waitUntil,
	withDriver,
} from '../_helpers/test-host/index.ts';

// Images that fit: listed, chosen, refused, pulled from a real registry.

const host = testHost();
const docker = dockerOf(host);
const {bare, jupyter} = host.images;
let person: Person;
let registry: Registry;
let proxy: CuttingProxy;
/** In the registry, and not on the host. */
let layered: string;

before(async () => {
	person = await makePerson(host, 'images');
	registry = await startRegistry();
	proxy = await startCuttingProxy(registry.address);
	const pushed = `${registry.address}/team/layered:1.0`;
	// What is random does not compress: each layer has its size on the wire, too.
	const layers = Array.from({length: 3}, (_, index) => `RUN head -c 4000000 /dev/urandom > /layer${index}`);
	await buildImage(docker, pushed, [`FROM ${jupyter}`, ...layers, 'ENV CUDA_VERSION=12.8.1'].join('\n'), {
		noCache: true,
	});
	await push(pushed);
	await docker.getImage(pushed).remove();
	layered = `${proxy.address}/team/layered:1.0`;
});

after(async () => {
	await proxy.stop();
	await registry.stop();
	await person.remove();
});

beforeEach(() => {
	proxy.requests.length = 0;
});

async function push(reference: string): Promise<void> {
	const stream = await docker.getImage(reference).push({authconfig: {}});
	const messages = await new Promise<Array<{error?: string}>>((resolve, reject) => {
		docker.modem.followProgress(stream, (error, output) => (error ? reject(error) : resolve(output)));
	});
	assert.equal(messages.find(({error}) => error)?.error, undefined);
}

async function isHere(reference: string): Promise<boolean> {
	try {
		await docker.getImage(reference).inspect();
		return true;
	} catch {
		return false;
	}
}

const forget = async (reference: string) => {
	if (await isHere(reference)) {
		await docker.getImage(reference).remove({force: true});
	}
};

/** Layers that were fetched, each by the number of times; what the engine must read to know the image is smaller. */
function layersFetched(): Map<string, number> {
	const counts = new Map<string, number>();
	for (const {method, path, bytes} of proxy.requests) {
		if (method === 'GET' && path.includes('/blobs/') && bytes > 1_000_000) {
			counts.set(path, (counts.get(path) ?? 0) + 1);
		}
	}

	return counts;
}

describe('pull', () => {
	beforeEach(() => forget(layered));

	test('tells each layer once where nobody watches, and prints the name for a script', async () => {
		const {code, stdout, stderr} = await person.runGpubox(['pull', layered]);
		assert.equal(code, 0, stderr);
		assert.equal(stdout, `${layered}\n`);
		const lines = stderr.split('\n');
		assert.equal(lines[0], `Pulling ${layered}`);
		const done = lines.filter((line) => /^ {2}[0-9a-f]{12} {2}done +3\.8 MiB$/.test(line));
		assert.equal(done.length, 3, stderr);
		assert.match(stderr, /Pulled .*: 1\d\.\d MiB in \d+ s\./);
		assert.doesNotMatch(stderr, /\u001B/);
		assert.ok(await isHere(layered));

		const again = await person.runGpubox(['pull', layered]);
		assert.equal(again.code, 0);
		assert.match(again.stderr, /is up to date/);
	});

	test('shows what comes in on a terminal, and leaves one line behind', async (t) => {
		const release = proxy.holdLayers();
		t.after(release);
		const terminal = openTerminal(host, person, ['pull', layered]);
		await terminal.waitFor(/Pulling 127\.0\.0\.1/);
		release();
		await terminal.waitFor(/Pulled .*: 1\d\.\d MiB/);
		assert.equal((await terminal.exited).exitCode, 0);
		assert.doesNotMatch(terminal.screen(), /downloading|unpacking/);
	});

	test('goes on where a transfer broke off', async () => {
		proxy.cut(1_000_000, 2);
		const {code, stderr} = await person.runGpubox(['pull', layered]);
		assert.equal(code, 0, stderr);
		const taken = proxy.requests.filter(({range}) => range !== undefined);
		assert.ok(taken.length > 0, 'a transfer was begun anew');
		for (const {range} of taken) {
			assert.match(range ?? '', /^bytes=[1-9]\d*-/);
		}

		assert.ok(await isHere(layered));
	});

	test('two at once share one transfer', async (t) => {
		const release = proxy.holdLayers();
		t.after(release);
		const other = await makePerson(host, 'other');
		t.after(() => other.remove());
		const terminals = [person, other].map((each) => openTerminal(host, each, ['pull', layered]));
		// Both follow the layers before the first byte of one is there.
		await Promise.all(terminals.map((terminal) => terminal.waitFor(/\d layers/)));
		release();
		for (const terminal of terminals) {
			await terminal.waitFor(/Pulled .+ in \d+ s|is up to date/);
			assert.equal((await terminal.exited).exitCode, 0);
		}

		assert.deepEqual([...layersFetched().values()], [1, 1, 1]);
	});

	test('Ctrl-C ends it with 130, and the next one succeeds', async (t) => {
		const release = proxy.holdLayers();
		t.after(release);
		const terminal = openTerminal(host, person, ['pull', layered]);
		await waitUntil('a blob to be asked for', () => proxy.requests.some(({path}) => path.includes('/blobs/')));
		terminal.write('\u0003');
		assert.equal((await terminal.exited).exitCode, 130);
		assert.equal(await isHere(layered), false);
		release();
		const {code, stderr} = await person.runGpubox(['pull', layered]);
		assert.equal(code, 0, stderr);
	});

	test('what is no reference, and what is not there', async () => {
		const wrong = await person.runGpubox(['pull', 'Not An Image']);
		assert.equal(wrong.code, 2);
		assert.match(wrong.stderr, /Invalid image name/);
		const missing = await person.runGpubox(['pull', `${proxy.address}/team/nothing:1`]);
		assert.equal(missing.code, 1);
		assert.match(missing.stderr, /no such image|not found|manifest unknown/i);
	});
});

describe('up', {skip: needsOwnEngine}, () => {
	const project = async (text: string) => {
		await writeFile(join(person.project, 'gpubox.yaml'), text);
		assert.equal((await person.runGpubox(['trust', '--yes'])).code, 0);
	};
	const nothing = () => project('');

	test('an image that does not fit is refused before it is pulled, and started with --force', async () => {
		await forget(layered);
		await project(
			`images:\n  - reference: ${layered}\n    framework: pytorch\n    version: 2.14.1\n    cuda: "13.2"\n    computeCapabilities: ["8.6"]\n`,
		);
		const refused = await person.runGpubox(['up', '--image', layered]);
		assert.equal(refused.code, 5, refused.stderr);
		assert.match(refused.stderr, /does not fit\. Its CUDA 13\.2 needs NVIDIA driver 580\.65\.06/);
		assert.match(refused.stderr, /→ Install NVIDIA driver 580\.65\.06.*--force/);
		assert.deepEqual(proxy.requests, []);

		const forced = await person.runGpubox(['up', '--image', layered, '--force', '--json']);
		assert.equal(forced.code, 0, forced.stderr);
		assert.match(forced.stderr, /does not fit\. Its CUDA 13\.2 needs/);
		assert.match(forced.stderr, /Pulling/);
		const {name, image} = JSON.parse(forced.stdout) as {name: string; image: string};
		assert.equal(image, layered);
		assert.equal((await person.runGpubox(['rm', '--yes', name])).code, 0);
		await nothing();
	});

	test('what is on the host is judged by its own words', async () => {
		const name = 'gpubox-test/too-new:1';
		await buildImage(docker, name, `FROM ${bare}\nENV CUDA_VERSION=13.2.0 PYTORCH_VERSION=2.14.1`);
		const {code, stderr} = await person.runGpubox(['up', '--image', name]);
		assert.equal(code, 5, stderr);
		await forget(name);
	});

	test('without --image the recommended one on the host is taken', async (t) => {
		const name = 'gpubox-test/labelled:1';
		t.after(() => forget(name));
		const labels =
			'gpubox.image.framework="pytorch 2.8.0" gpubox.image.compute-capabilities="8.0 8.6" gpubox.image.provides=jupyter';
		await buildImage(docker, name, `FROM ${host.images.jupyter}\nLABEL ${labels}`);
		const up = await person.runGpubox(['up', '--json']);
		assert.equal(up.code, 0, up.stderr);
		assert.match(up.stderr, /Using gpubox-test\/labelled:1\. Fits the driver and all \d+ GPUs; already on this host/);
		const box = JSON.parse(up.stdout) as {name: string; image: string};
		assert.equal(box.image, name);

		const listed = await person.runGpubox(['images', '--json']);
		const {images, boxes} = JSON.parse(listed.stdout) as {
			images: Array<{reference: string; recommended: boolean; local: boolean}>;
			boxes: Array<{name: string; image: string; ageDays: number; old: boolean}>;
		};
		assert.deepEqual(
			images.filter(({recommended}) => recommended).map(({reference}) => reference),
			[name],
		);
		assert.equal(
			images.find(({reference}) => reference.startsWith('gpubox/box')),
			undefined,
		);
		const own = boxes.find((each) => each.name === box.name);
		assert.ok(own);
		assert.equal(own.image, name);
		assert.equal(own.old, false);
		assert.equal((await person.runGpubox(['rm', '--yes', box.name])).code, 0);
	});

	test('garbage in the team’s own images is one line and exit code 2', async () => {
		await project('images:\n  - reference: registry.example/team/train:3\n    cuda: [not, a, version]\n');
		for (const call of [['images'], ['images', '--json'], ['up', '--dry-run']]) {
			const {code, stdout, stderr} = await person.runGpubox(call);
			assert.equal(code, 2, stderr);
			assert.equal(stdout, '');
			// Under --json the same as one line of JSON.
			const told = call.includes('--json')
				? /^\{"error":"gpubox\.yaml:2.*cuda.*"fix":".*docs\/images\.md.*\}\n$/
				: /^gpubox: gpubox\.yaml:2.*cuda.*\n {2}→ .*docs\/images\.md.*\n$/;
			assert.match(stderr, told);
		}

		await nothing();
	});

	test('a family narrows the choice, and a wrong one is told', async () => {
		await project('family: ngc\n');
		const dryRun = await person.runGpubox(['up', '--dry-run']);
		assert.equal(dryRun.code, 0, dryRun.stderr);
		assert.match(dryRun.stderr, /Using nvcr\.io\/nvidia\/pytorch/);
		await project('family: nonsense\n');
		const {code, stderr} = await person.runGpubox(['up', '--dry-run']);
		assert.equal(code, 2);
		assert.match(stderr, /No known image of the family "nonsense".*\n.*pytorch/);
		await nothing();
	});
});

describe('images', () => {
	test('best first, and with --all what would have to change', {skip: needsOwnEngine}, async () => {
		const {code, stdout} = await person.runGpubox(['images', '--all']);
		assert.equal(code, 0);
		assert.match(stdout, /^(?:On this host|Best of each framework):\nIMAGE +FITS/);
		assert.match(stdout, /^Best of each framework:\nIMAGE.*\npytorch\/pytorch:\S+ +best /m);
		assert.match(stdout, /^All others that fit:\nIMAGE/m);
		assert.match(
			stdout,
			/Its CUDA 13\.2 needs NVIDIA driver 580\.65\.06 or newer; .*\n {2}→ Install NVIDIA driver 580\.65\.06/,
		);
	});

	test('in groups, or those with certain words', {skip: needsOwnEngine}, async () => {
		const groups = await person.runGpubox(['images']);
		const [, best = ''] = /^Best of each framework:\n([\s\S]*?)\n\n/m.exec(groups.stdout) ?? [];
		const frameworks = best
			.split('\n')
			.slice(1)
			.map((line) => line.split(/ {3,}/)[3]?.split(' ')[0]);
		assert.equal(new Set(frameworks).size, frameworks.length, best);
		assert.ok(frameworks.includes('tensorflow') && frameworks.includes('jax'), best);
		assert.match(groups.stdout, /^\d+ more images fit\. To list all: gpubox images --all/m);

		const found = await person.runGpubox(['images', 'pytorch', '2.8', 'runtime']);
		const names = [...found.stdout.matchAll(/^(?: {4})?(\S+\/\S+:\S+)/gm)].map(([, name = '']) => name);
		assert.ok(names.length > 1);
		assert.ok(
			names.every((name) => /pytorch:2\.8\S*runtime/.test(name)),
			names.join(),
		);
	});

	test('a tag that is none leads to those that were meant', {skip: needsOwnEngine}, async () => {
		const none = await person.runGpubox(['images', 'pytorhc']);
		assert.equal(none.code, 1);
		assert.match(none.stderr, /No known image matches "pytorhc"\.\n {2}→ Did you mean pytorch\/pytorch:/);
		assert.deepEqual(JSON.parse((await person.runGpubox(['images', 'pytorhc', '--json'])).stdout).images, []);
	});

	test('without engine and GPU it says so and judges for the processor', async () => {
		const options = {env: {DOCKER_HOST: 'unix:///nonexistent/docker.sock', PATH: '/usr/bin:/bin'}};
		const {code, stdout, stderr} = await person.runGpubox(['images', '--json'], options);
		assert.equal(code, 0, stderr);
		const {images, problems} = JSON.parse(stdout) as {
			images: Array<{recommended: boolean; fits: boolean}>;
			problems: Array<{message: string; fix: string}>;
		};
		assert.deepEqual(images[0] && {recommended: images[0].recommended, fits: images[0].fits}, {
			recommended: true,
			fits: true,
		});
		assert.match(
			problems.map(({message}) => message).join('\n'),
			/nvidia-smi was not found[\s\S]*No Docker Engine answers/,
		);
		const table = await person.runGpubox(['images'], options);
		assert.match(table.stderr, /No Docker Engine answers/);
	});
});

describe("what NVIDIA's hook asks of an image", {skip: needsOwnEngine}, () => {
	const kinds = {
		legacy: 'ENV CUDA_VERSION=12.8.1',
		// The base image has a CUDA_VERSION of its own.
		driver: 'ENV CUDA_VERSION="" NVIDIA_REQUIRE_DRIVER="driver>=570"',
		garbage: 'ENV CUDA_VERSION=cu128',
		older: 'ENV CUDA_VERSION=12.2',
		off: 'ENV CUDA_VERSION=cu128 NVIDIA_DISABLE_REQUIRE=1',
	};
	const nameOf = (kind: string) => `gpubox-test/hook-asks:${kind}`;
	before(async () => {
		for (const [kind, line] of Object.entries(kinds)) {
			const labels = 'LABEL gpubox.image.cuda=12.8 gpubox.image.compute-capabilities="8.6"';
			await buildImage(docker, nameOf(kind), [`FROM ${bare}`, labels, line].join('\n'));
		}
	});
	after(async () => {
		for (const kind of Object.keys(kinds)) {
			await docker.getImage(nameOf(kind)).remove();
		}
	});

	test('is asked by the judge on driver 550.54.14, with the reason', async () => {
		const gpu = {
			index: 0,
			uuid: 'GPU-6f1d0e40-2c5b-4b7e-9a51-0d3c8e2f7a10',
			name: 'NVIDIA RTX A6000',
			busId: '00000000:01:00.0',
			computeCapability: '8.6',
			memoryTotalMiB: 49_140,
			memoryUsedMiB: 1,
			load: {kind: 'idle'},
		};
		const PATH = await withDriver(host, person, {
			about: 'An older driver',
			driverVersion: '550.54.14',
			cudaVersion: '12.4',
			gpus: [gpu],
		});
		const {stdout, stderr, code} = await person.runGpubox(['images', '--all', '--json'], {env: {PATH}});
		assert.equal(code, 0, stderr);
		const {images} = JSON.parse(stdout) as {
			images: Array<{reference: string; fits: boolean | string; reasons: Array<{code: string; message: string}>}>;
		};
		const found = Object.fromEntries(
			Object.keys(kinds).map((kind) => {
				const image = images.find(({reference}) => reference === nameOf(kind));
				return [kind, [image?.fits, ...(image?.reasons ?? []).map(({code: reason}) => reason)]];
			}),
		);
		assert.deepEqual(found, {
			legacy: [false, 'driver-too-old'],
			driver: [false, 'driver-too-old'],
			garbage: [false, 'unknown-cuda'],
			older: [true],
			off: [true],
		});
	});
});
