import assert from 'node:assert/strict';
import {mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {
	buildImage,
	dockerOf,
	makePerson,
	needsOwnEngine,
	type Person,
	type Registry,
	type Result,
	startRegistry,
	testHost,
	torchLines,
} from '../_helpers/test-host/index.ts';

// A project's environment written down, and compared, on a real engine with a registry of its own.

const host = testHost();
const docker = dockerOf(host);

type Difference = {
	what: string;
	locked: string | null;
	found: string | null;
	where: string;
	severity: string;
	fix: string;
};

let person: Person;
let registry: Registry;
let image: string;

/** A package with a list of its files, as pip leaves one, in a folder of the image's own packages. */
function addPackage(name: string, version: string, folder = '/usr/local/lib/python3.11/dist-packages'): string {
	const info = `${folder}/${name}-${version}.dist-info`;
	const lines = [
		`mkdir -p ${folder}/${name} ${info}`,
		`echo 'version = "${version}"' > ${folder}/${name}/__init__.py`,
		`printf 'Metadata-Version: 2.1\\nName: ${name}\\nVersion: ${version}\\n' > ${info}/METADATA`,
		`printf '${name}/__init__.py,sha256=${version},18\\n${name}-${version}.dist-info/INSTALLER,sha256=x,4\\n${name}-${version}.dist-info/RECORD,,\\n' > ${info}/RECORD`,
	];
	return lines.join(' && ');
}

function dockerfile(...lines: string[]): string {
	return [
		`FROM ${host.images.jupyter}`,
		// What is built on it has it, too, so that all of it can be found and removed.
		`LABEL gpubox-test.lock=${person.project}`,
		`RUN ${addPackage('einops', '0.8.1')}`,
		`RUN ${addPackage('torchmetrics', '1.4.0')}`,
		...lines,
		'',
	].join('\n');
}

async function push(name: string): Promise<void> {
	const stream = await docker.getImage(name).push({authconfig: {}});
	await new Promise<void>((resolve, reject) => {
		docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
	});
}

async function gpubox(...arguments_: string[]): Promise<Result> {
	return person.runGpubox(arguments_);
}

async function ok(...arguments_: string[]): Promise<string> {
	const {stdout, stderr, code} = await gpubox(...arguments_);
	assert.equal(code, 0, `${arguments_.join(' ')}\n${stdout}${stderr}`);
	return stdout;
}

async function verify(expected: number, ...options: string[]): Promise<Difference[]> {
	const {stdout, stderr, code} = await gpubox('verify', '--json', ...options);
	assert.equal(code, expected, `${stdout}${stderr}`);
	return (JSON.parse(stdout) as {differences: Difference[]}).differences;
}

const lockText = () => readFile(join(person.project, 'gpubox.lock'), 'utf8');
const write = (...lines: string[]) =>
	writeFile(join(person.project, 'gpubox.yaml'), `${[`image: ${image}`, 'gpus: none', ...lines].join('\n')}\n`);

async function asRoot(box: string, command: string): Promise<void> {
	const exec = await docker
		.getContainer(box)
		.exec({Cmd: ['sh', '-c', command], User: '0:0', AttachStdout: true, AttachStderr: true});
	const stream = await exec.start({});
	stream.resume();
	await new Promise((resolve) => stream.once('end', resolve));
	assert.equal((await exec.inspect()).ExitCode, 0, command);
}

async function boxUp(...options: string[]): Promise<{name: string; id: string; stderr: string}> {
	const {stdout, stderr, code} = await gpubox('up', '--json', '--trust', ...options);
	assert.equal(code, 0, stderr);
	return {...(JSON.parse(stdout) as {name: string; id: string}), stderr};
}

async function removeBoxes(): Promise<void> {
	const {boxes} = JSON.parse(await ok('ls', '--json')) as {boxes: Array<{name: string; project: string}>};
	const own = boxes.filter(({project}) => project.startsWith(person.project)).map(({name}) => name);
	if (own.length > 0) {
		await ok('rm', '--yes', ...own);
	}
}

describe('gpubox lock and verify', {skip: needsOwnEngine}, () => {
	let locked: string;
	before(async () => {
		person = await makePerson(host);
		registry = await startRegistry();
		image = `${registry.address}/team/torch:1`;
		await mkdir(join(person.project, '.git'));
		await publish();
		await write();
		await ok('lock');
		locked = await lockText();
	});
	after(async () => {
		await removeBoxes();
		await registry.stop();
		await person.remove();
		// Those on top first.
		const images = await docker.listImages({filters: {label: [`gpubox-test.lock=${person.project}`]}});
		for (const {Id} of images.sort((a, b) => b.Created - a.Created)) {
			await docker.getImage(Id).remove({force: true});
		}
	});

	/** The project as it was at first. */
	async function restore(): Promise<void> {
		await write();
		await writeFile(join(person.project, 'gpubox.lock'), locked);
	}

	/** The name of the image means another one on this host. */
	const retag = () => buildImage(docker, image, dockerfile(`RUN ${addPackage('einops', '0.7.0')}`));
	const takeBack = () => ok('pull', image);
	/** The name means the locked image again, here and in the registry. */
	async function publish(): Promise<void> {
		await buildImage(docker, image, dockerfile());
		await push(image);
	}

	describe('a box of the locked project', () => {
		let box: {name: string; id: string; stderr: string};
		before(async () => {
			box = await boxUp();
		});
		after(removeBoxes);

		test('nothing differs when nothing changed, and locking again changes nothing', async () => {
			assert.match(locked, /^image:\n {2}digest: sha256:[0-9a-f]{64}\n {2}platform: linux\/amd64\n {2}reference: /m);
			assert.match(locked, /^ {4}einops: \{version: 0\.8\.1, record: sha256:[0-9a-f]{64}\}$/m);
			assert.match(locked, /^ {2}python: 3\./m);
			assert.match(locked, /^ {2}driver: "?570\.26"?$/m, 'the image says CUDA 12.8');
			assert.ok(!locked.includes(person.project) && !locked.includes(person.home));
			assert.match(await ok('lock'), /^gpubox\.lock is up to date/);
			assert.equal(await lockText(), locked);
			// What `lock` built to look into it is what `up` starts.
			assert.doesNotMatch(box.stderr, /gpubox\.lock|Adding/);
			assert.deepEqual(await verify(0), []);
			const {stdout} = await gpubox('verify');
			assert.match(stdout, /Nothing differs\.\n$/);
		});

		test("a package that is shadowed by the user's own", async () => {
			const site = (await ok('attach', box.name, '--', 'python3', '-m', 'site', '--user-site')).trim();
			await ok('attach', box.name, '--', 'sh', '-c', addPackage('einops', '0.7.0', site));
			const [difference, ...more] = await verify(8);
			assert.deepEqual(more, []);
			assert.partialDeepStrictEqual(difference, {what: 'einops', locked: '0.8.1', found: '0.7.0', severity: 'differs'});
			assert.match(difference?.where ?? '', /your own packages in .*, shadows 0\.8\.1 of the image/);
			assert.match(difference?.fix ?? '', /^pip uninstall einops/);
			await ok('attach', box.name, '--', 'sh', '-c', `rm -r ${site}/einops*`);
			assert.deepEqual(await verify(0), []);
		});

		test('one whose files were edited in place', async () => {
			await asRoot(box.id, 'echo "x = 1" >> /usr/local/lib/python3.11/dist-packages/einops/__init__.py');
			const [difference, ...more] = await verify(8);
			assert.deepEqual(more, []);
			assert.partialDeepStrictEqual(difference, {what: 'einops', locked: '0.8.1', found: '0.8.1', severity: 'differs'});
			assert.match(difference?.where ?? '', /1 of its files was changed in the box/);
		});

		test('one that was replaced inside', async () => {
			const folder = '/usr/local/lib/python3.11/dist-packages';
			await asRoot(box.id, `rm -r ${folder}/einops* && ${addPackage('einops', '0.7.0')}`);
			const [difference, ...more] = await verify(8);
			assert.deepEqual(more, []);
			assert.partialDeepStrictEqual(difference, {what: 'einops', locked: '0.8.1', found: '0.7.0', severity: 'differs'});
			assert.match(difference?.where ?? '', new RegExp(`^box ${box.name}: changed in the box, ${folder}`));
			assert.equal((await verify(0, '--allow', 'packages')).length, 1);
			const {stdout} = await gpubox('verify');
			assert.match(stdout, /^≠ einops: 0\.8\.1 in the lock, 0\.7\.0 here \(.*\)\n {4}→ gpubox up --recreate\n/);
		});

		test('gpubox.yaml changed after the lock: verify tells, and up says it in one line', async () => {
			await write('packages: {apt: [ffmpeg]}');
			const [added] = await verify(8);
			assert.equal(added?.where, 'gpubox.yaml asks for ffmpeg, which gpubox.lock does not have');
			await write('postCreate: "true"');
			const [first] = await verify(8);
			assert.partialDeepStrictEqual(first, {what: 'gpubox.yaml', severity: 'differs', fix: 'gpubox lock'});
			const {stderr} = await boxUp();
			assert.match(stderr, /gpubox\.lock is older than gpubox\.yaml and is not applied\. To update it: gpubox lock/);
			await restore();
		});
	});

	test('an image that was retagged underneath: the locked one is started, and a box of the other is told', async () => {
		await retag();
		const differences = await verify(0);
		assert.deepEqual(
			differences.map(({what, severity}) => [what, severity]),
			[['image', 'note']],
		);
		assert.match(differences[0]?.where ?? '', /names another image on this host/);
		// A box of the other image, as one without a lock would get.
		const other = await boxUp('--image', image, '--env', 'NCCL_P2P_DISABLE=1');
		assert.match(other.stderr, /gpubox\.lock is not applied, because --image/);
		const found = await verify(8, other.name);
		assert.ok(found.some(({what, severity}) => what === 'image of the box' && severity === 'blocks'));
		assert.ok(found.some((each) => each.what === 'einops' && each.locked === '0.8.1' && each.found === '0.7.0'));
		assert.ok(
			found.some((each) => each.what === 'NCCL_P2P_DISABLE' && each.found === '1' && each.severity === 'differs'),
		);
		const again = await boxUp();
		assert.match(again.stderr, /was not created from gpubox\.lock as it is now\. .* gpubox verify/);
		await write('env: {NCCL_P2P_DISABLE: 1}');
		await boxUp('--recreate');
		const agreed = await verify(0);
		assert.deepEqual(
			agreed.map(({what, severity}) => [what, severity]),
			[
				['image', 'note'],
				['NCCL_P2P_DISABLE', 'note'],
			],
		);
		await removeBoxes();
		await restore();
		await takeBack();
	});

	test('an image that only this host has, retagged underneath', async () => {
		const name = 'gpubox-test/local-lock:1';
		try {
			await buildImage(docker, name, dockerfile());
			await writeFile(join(person.project, 'gpubox.yaml'), `image: ${name}\ngpus: none\n`);
			const {stderr} = await gpubox('lock');
			assert.match(stderr, /no digest of a registry/);
			assert.match(await lockText(), /digest: none \(local\)/);
			assert.deepEqual(await verify(0), []);
			await buildImage(docker, name, dockerfile(`RUN ${addPackage('einops', '0.7.0')}`));
			const differences = await verify(8);
			assert.deepEqual(
				differences.map(({what, severity}) => [what, severity]),
				[['image', 'blocks']],
			);
			const up = await gpubox('up');
			assert.equal(up.code, 5);
			assert.match(up.stderr, /is not the image of gpubox\.lock, and no registry has the locked one\.\n {2}→ /);
			await ok('lock');
			assert.deepEqual(await verify(0), []);
		} finally {
			await restore();
		}
	});

	test('a driver under the floor', async () => {
		const text = locked.replace(/driver: .*/, 'driver: "999.10"').replace(/cuda: .*/, 'cuda: "99.1"');
		await writeFile(join(person.project, 'gpubox.lock'), text);
		const driver = (await verify(8)).find(({what}) => what === 'driver');
		assert.partialDeepStrictEqual(driver, {locked: '999.10', severity: 'blocks'});
		assert.match(driver?.found ?? '', /^\d+\./);
		await restore();
	});

	test('run --locked runs from a lock that is up to date, without what the user installed, and refuses any other', async () => {
		const run = (...options: string[]) =>
			gpubox('run', '--locked', '--trust', ...options, '--', 'sh', '-c', 'echo $PYTHONNOUSERSITE');
		const runs = async () => (JSON.parse(await ok('runs', '--json')) as {runs: unknown[]}).runs.length;
		const fresh = await run();
		assert.deepEqual([fresh.code, fresh.stdout], [0, '1\n'], fresh.stderr);
		const before = await runs();
		await write('packages: {apt: [ffmpeg]}');
		const stale = await run();
		assert.equal(stale.code, 8);
		assert.equal(
			stale.stderr,
			'gpubox: gpubox.lock is stale: gpubox.yaml asks for ffmpeg, which gpubox.lock does not have.\n  → Update it: gpubox lock\n',
		);
		await restore();
		assert.equal((await run('--image', host.images.bare)).code, 2);
		await rm(join(person.project, 'gpubox.lock'));
		const missing = await run();
		assert.equal(missing.code, 2);
		assert.match(missing.stderr, /has no gpubox\.lock\.\n {2}→ Create it: gpubox lock\n/);
		assert.equal(await runs(), before);
		await restore();
	});

	test('--remote asks the registry: the name was moved, or the image is gone', async () => {
		assert.deepEqual(await verify(0, '--remote'), []);
		await retag();
		await push(image);
		const differences = await verify(0, '--remote');
		assert.deepEqual(
			differences.map(({what, severity}) => [what, severity]),
			[
				['image', 'note'],
				['registry', 'note'],
			],
		);
		await ok('lock');
		assert.equal(await lockText(), locked, 'the lock is kept to');
		await ok('lock', '--upgrade');
		assert.match(await lockText(), /einops: \{version: 0\.7\.0/);
		assert.deepEqual(await verify(0, '--remote'), []);
		await restore();
		const digest = /digest: (\S+)/.exec(locked)?.[1] ?? '';
		const removed = await fetch(`http://${registry.address}/v2/team/torch/manifests/${digest}`, {method: 'DELETE'});
		assert.equal(removed.status, 202);
		const gone = (await verify(8, '--remote')).find(({what}) => what === 'registry');
		assert.partialDeepStrictEqual(gone, {severity: 'differs'});
		assert.match(gone?.where ?? '', /does not have the locked image any more/);
	});

	test('a lock that cannot be read is one line with line and column', async () => {
		const file = join(person.project, 'gpubox.lock');
		const cases: Array<[text: string, says: RegExp]> = [
			[
				locked.replace('version: 1', 'version: 2'),
				/^gpubox: gpubox\.lock:3:10: The lock was written by a newer gpubox/,
			],
			[
				locked.replace(/^ {2}rootfs: .*$/m, '  rootfs: sha256:abc'),
				/^gpubox: gpubox\.lock:\d+:11: "image\.rootfs" must be/,
			],
			[
				locked.replace(/^inputs: .*$/m, '<<<<<<< HEAD\n$&\n=======\ninputs: x\n>>>>>>> theirs'),
				/^gpubox: gpubox\.lock:4:1: The lock has marks of a merge conflict\.\n {2}→ Keep the lock of one side/,
			],
		];
		for (const [wrong, says] of cases) {
			await writeFile(file, wrong);
			for (const verb of ['up', 'verify', 'lock']) {
				const {stderr, code, stdout} = await gpubox(verb);
				assert.equal(code, 2, verb);
				assert.match(stderr, says);
				assert.equal(stderr.trim().split('\n').length, 2);
				assert.equal(stdout, '');
			}
		}

		await restore();
	});

	/** The tag of the registry moves to this, and this host knows nothing of it. */
	async function move(...lines: string[]): Promise<string> {
		await buildImage(docker, image, dockerfile(...lines));
		await push(image);
		const digest = (await docker.getImage(image).inspect()).RepoDigests?.find((each) => each.includes('/team/torch@'));
		await docker.getImage(image).remove({force: true});
		return digest ?? '';
	}

	describe('gpubox refresh', () => {
		before(async () => {
			await restore();
			await publish();
		});
		after(async () => {
			await restore();
			await publish();
		});

		const isHere = (name: string) =>
			docker
				.getImage(name)
				.inspect()
				.then(
					() => true,
					() => false,
				);
		const withoutPrevious = (text: string) => text.replace(/^previous:\n[\s\S]*/m, '');

		test('a tag that moved: shown, agreed to, and taken back', async () => {
			assert.match(await ok('refresh'), /is up to date: its registry has what gpubox\.lock names\.$/m);
			await move(`RUN ${addPackage('einops', '0.7.0')}`);
			const asked = await gpubox('refresh');
			assert.equal(asked.code, 2);
			assert.match(asked.stdout, /^≠ einops: 0\.8\.1 → 0\.7\.0\nCheck: skipped \(there is no PyTorch in it\)$/m);
			assert.match(asked.stderr, /no terminal to ask on\.\n {2}→ To lock it: gpubox refresh --yes\n$/);
			assert.equal(await lockText(), locked);

			assert.match(await ok('refresh', '--yes'), /^gpubox\.lock is written\. To return: gpubox refresh --back$/m);
			assert.match(
				await lockText(),
				/^ {4}einops: \{version: 0\.7\.0[\s\S]*^previous:$[\s\S]*einops: \{version: 0\.8\.1/m,
			);
			assert.deepEqual(await verify(0), []);

			assert.match(await ok('refresh', '--back', '--yes'), /^≠ einops: 0\.7\.0 → 0\.8\.1$/m);
			assert.equal(withoutPrevious(await lockText()), locked);
			assert.deepEqual(await verify(0), []);
		});

		test('a check that fails: the lock stays, and what was pulled for it goes', async () => {
			const before = await lockText();
			const broken = `RUN ${addPackage('torch', '9.9.9')} && echo 'raise ImportError("libcudart.so.99: cannot open")' > /usr/local/lib/python3.11/dist-packages/torch/__init__.py`;
			const digest = await move(broken);
			const {code, stdout, stderr} = await gpubox('refresh', '--yes', '--json');
			assert.equal(code, 8, stderr);
			const {outcome, check} = JSON.parse(stdout) as {outcome: string; check: {status: string; detail: string}};
			assert.deepEqual([outcome, check.status], ['check-failed', 'failed']);
			assert.match(check.detail, /libcudart\.so\.99/);
			assert.equal(await lockText(), before);
			assert.notEqual(digest, '');
			assert.equal(await isHere(digest), false);
			assert.deepEqual(await verify(0), []);
		});
	});

	describe('gpubox refresh with GPUs', () => {
		after(async () => {
			await restore();
			await publish();
		});

		test('the newer image computes on them, or the lock stays', async () => {
			const gpus = (host.own?.gpus ?? []).map(({name}) => ({name, capability: [8, 6]}));
			const refresh = async (about: object) => {
				await move(...(await torchLines({gpus, archs: ['sm_80'], ...about})));
				const {code, stdout, stderr} = await gpubox('refresh', '--yes', '--json');
				assert.notEqual(stdout, '', stderr);
				const {outcome, check} = JSON.parse(stdout) as {outcome: string; check: {status: string; detail: string}};
				return {code, outcome, ...check};
			};
			await restore();
			await publish();
			await writeFile(join(person.project, 'gpubox.yaml'), `image: ${image}\ngpus: 1\n`);
			const good = await refresh({});
			assert.deepEqual([good.code, good.outcome, good.status], [0, 'swapped', 'passed'], good.detail);
			assert.match(good.detail, /^PyTorch computes on \d GPUs?$/);
			const text = await lockText();
			assert.match(text, /^ {2}torch: 2\.8\.0\+cu128$/m);
			const bad = await refresh({faults: {'cuda:0 float32': 1}});
			assert.deepEqual([bad.code, bad.outcome, bad.status], [8, 'check-failed', 'failed'], bad.detail);
			assert.match(bad.detail, /products are wrong/);
			assert.equal(await lockText(), text);
		});
	});

	describe('gpubox push', () => {
		const job = ['--', 'python3', 'train.py'];
		before(async () => {
			await restore();
			await writeFile(join(person.project, 'train.py'), 'import os\nprint("trained", sorted(os.listdir(".")))\n');
			await writeFile(join(person.project, '.env'), 'TOKEN=secret\n');
		});
		after(restore);

		test('a refusal is the reason and the login command, and the lock stays as it was', async () => {
			const nowhere = await gpubox('push', ...job);
			assert.equal(nowhere.code, 2);
			assert.match(nowhere.stderr, /^gpubox: No registry is set\.\n {2}→ Set registry in gpubox\.yaml/);
			const strict = await startRegistry({login: true});
			try {
				const {code, stdout, stderr} = await gpubox(
					'push',
					'--registry',
					`${strict.address}/team`,
					'--tag',
					'v1',
					...job,
				);
				assert.equal(code, 1, stderr);
				assert.equal(stdout, '');
				assert.match(stderr, /^gpubox: \S+ refused \S+:v1: .*(?:no basic auth|unauthorized|denied)/m);
				assert.match(stderr, new RegExp(`^  → Log in .*: docker login ${strict.address}$`, 'm'));
				assert.equal(await lockText(), locked);
			} finally {
				await strict.stop();
			}
		});

		test('pushed, locked, pulled back, and verified; what a cluster gets names it', async () => {
			await write(`registry: ${registry.address}/team`, 'name: vision');
			const pushed = await gpubox('push', '--tag', 'v1', ...job);
			assert.equal(pushed.code, 0, pushed.stderr);
			const [, reference = '', digest = ''] = /^(\S+\/team\/vision)@(sha256:[0-9a-f]{64})\n$/.exec(pushed.stdout) ?? [];
			assert.notEqual(digest, '', pushed.stdout);
			const text = await lockText();
			assert.match(text, new RegExp(`^pushed:\n  digest: ${digest}\n  reference: ${reference}:v1$`, 'm'));
			assert.match(await ok('lock'), /^gpubox\.lock is up to date/);
			assert.equal(await lockText(), text);

			await docker.getImage(`${reference}:v1`).remove({force: true});
			await ok('pull', `${reference}@${digest}`);
			const verified = await ok('verify', '--image', `${reference}@${digest}`);
			assert.match(verified, /that image and this host\.\nNothing differs\.\n$/);
			const {stdout, stderr} = await person.run('docker', ['run', '--rm', `${reference}@${digest}`]);
			assert.equal(stdout, "trained ['gpubox.lock', 'gpubox.yaml', 'train.py']\n", stderr);
			const other = await verify(8, '--image', host.images.jupyter);
			assert.ok(other.some(({what, severity}) => what === 'base image' && severity === 'blocks'));

			const exported = await gpubox('export', 'kubernetes', ...job);
			assert.match(exported.stdout, /image: \S+\/team\/vision@sha256:/);
			assert.match(exported.stderr, /that gpubox push wrote into gpubox\.lock/);
			assert.doesNotMatch(exported.stderr, /mounts\.code/);
		});

		test('without a command it is a box, which starts Jupyter', async () => {
			// No index is within reach: a stand-in for pip installs a program that says how it was called.
			const pip = [
				'import os, sys',
				'path = "/usr/local/bin/jupyter"',
				'open(path, "w").write(f"#!/bin/sh\\necho {sys.argv[-1]!r}: \\"$@\\", user $(id -u)\\n")',
				'os.chmod(path, 0o755)',
			].join('\n');
			const base = `${registry.address}/team/with-pip:1`;
			const folder = '/usr/lib/python3/dist-packages/pip';
			const text = Buffer.from(pip).toString('base64');
			await buildImage(
				docker,
				base,
				dockerfile(`RUN mkdir -p ${folder} && echo ${text} | base64 -d > ${folder}/__main__.py`),
			);
			await push(base);
			await writeFile(
				join(person.project, 'gpubox.yaml'),
				`image: ${base}\ngpus: none\nname: vision\nregistry: ${registry.address}/team\n`,
			);
			await ok('lock');
			const exact = (await ok('push', '--tag', 'box')).trim();
			await docker.getImage(exact.replace(/@.*/, ':box')).remove({force: true});
			const {stdout, stderr} = await person.run('docker', ['run', '--rm', exact]);
			assert.equal(
				stdout,
				'jupyterlab>=4,<5: lab --ip=0.0.0.0 --port=8888 --no-browser --ServerApp.root_dir=/workspace, user 1000\n',
				stderr,
			);
			assert.match(await lockText(), /^pushed:\n {2}digest: sha256:[0-9a-f]{64}\n {2}reference: \S+\/vision:box$/m);
		});
	});

	test('packages of gpubox.yaml are built with the versions of the lock', async () => {
		await write('packages: {apt: [file]}');
		await ok('lock', '--upgrade');
		const text = await lockText();
		assert.match(text, /^ {4}file: \d/m);
		const box = await boxUp();
		assert.deepEqual(await verify(0), []);
		const scan = await gpubox('scan', '--sbom', 'added.json');
		assert.match(scan.stderr, /^Wrote added\.json: \d+ packages that gpubox put on \S+\/team\/torch:1\.$/m);
		const {components} = JSON.parse(await readFile(join(person.project, 'added.json'), 'utf8')) as {
			components: Array<{purl: string}>;
		};
		assert.ok(components.some(({purl}) => purl.startsWith('pkg:deb/debian/file@')));
		assert.ok(!components.some(({purl}) => /einops|bash/.test(purl)), 'what the base has is not an addition');
		const unable = await gpubox('scan');
		assert.equal(unable.code, 1);
		assert.match(unable.stderr, /^gpubox: None of trivy, grype, clairctl is installed\.\n {2}→ Install one: trivy \(/);
		const {Config} = await docker.getContainer(box.id).inspect();
		await removeBoxes();
		const {Id, RepoTags} = await docker.getImage(Config.Image).inspect();
		assert.equal(RepoTags.length, 2, 'what was looked into has the name that it has under the lock');
		await docker.getImage(Id).remove({force: true});
		// Built anew, as another host would.
		const anew = await boxUp();
		assert.match(anew.stderr, /Adding the packages of gpubox\.yaml/);
		assert.deepEqual(await verify(0), []);
		await removeBoxes();
		await writeFile(join(person.project, 'gpubox.lock'), text.replace(/^( {4}file:) .*$/m, '$1 9:9.9-9'));
		const refused = await gpubox('up');
		assert.equal(refused.code, 1);
		assert.match(
			refused.stderr,
			/a version in gpubox\.lock is not available any more\.[\s\S]*9:9\.9-9[\s\S]*gpubox lock --upgrade/,
		);
	});
});
