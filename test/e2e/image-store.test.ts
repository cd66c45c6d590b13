import assert from 'node:assert/strict';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {debian13Packages} from '../_helpers/consumers/cache.ts';
import {importPython} from '../_helpers/consumers/python-image.ts';
import {makePerson, needsOwnEngine, type Person, testHost} from '../_helpers/test-host/index.ts';
import {type SecondEngine, startSecondEngine} from '../_helpers/test-host/second-engine.ts';

// A newer engine keeps images in containerd's store: there the id of an image is another one, and every image has a digest.

const host = testHost();

describe('an engine with the containerd image store', {skip: needsOwnEngine}, () => {
	let person: Person;
	let engine: SecondEngine;
	const gpubox = async (...words: string[]) => {
		const result = await person.runGpubox(words, {env: {DOCKER_HOST: engine.address}});
		return {...result, text: `${words.join(' ')}\n${result.stdout}${result.stderr}`};
	};

	before(async () => {
		person = await makePerson(host);
		engine = await startSecondEngine({
			parent: host.own?.runFolder ?? '',
			liveRestore: false,
			groupId: person.gid,
			programs: await debian13Packages('docker-engine', [
				...['docker.io', 'containerd', 'runc', 'tini', 'libc6', 'libgcc-s1', 'libsystemd0', 'libseccomp2', 'libcap2'],
				...[
					'libdevmapper1.02.1',
					'libudev1',
					'libselinux1',
					'libpcre2-8-0',
					'libapparmor1',
					'libbtrfs0t64',
					'libnftables1',
				],
				...['libnftnl11', 'libmnl0', 'libzstd1', 'liblzma5', 'liblz4-1', 'libgcrypt20', 'libgpg-error0'],
			]),
			settings: {features: {cdi: false, 'containerd-snapshotter': true}},
		});
		await importPython(engine.docker, person.home);
		await writeFile(join(person.project, 'gpubox.yaml'), 'image: python\ngpus: none\n');
	});
	after(async () => {
		await engine.stop();
		await person.remove();
	});

	test('is one: it says so, and so does the id of an image', async () => {
		const {Driver, DriverStatus} = (await engine.docker.info()) as {Driver: string; DriverStatus: string[][]};
		assert.equal(Driver, 'overlayfs');
		assert.deepEqual(DriverStatus, [['driver-type', 'io.containerd.snapshotter.v1']]);
		const {Id, RepoDigests} = await engine.docker.getImage('python').inspect();
		assert.deepEqual(RepoDigests, [`python@${Id}`]);
	});

	test('a lock differs from nothing, is not changed by locking again, and a job runs from it', async () => {
		const first = await gpubox('lock');
		assert.equal(first.code, 0, first.text);
		const lock = await readFile(join(person.project, 'gpubox.lock'), 'utf8');
		const compared = await gpubox('verify', '--json');
		assert.equal(compared.code, 0, compared.text);
		assert.deepEqual((JSON.parse(compared.stdout) as {differences: unknown[]}).differences, []);
		const again = await gpubox('lock');
		assert.equal(again.code, 0, again.text);
		assert.equal(await readFile(join(person.project, 'gpubox.lock'), 'utf8'), lock);
		const job = await gpubox('run', '--locked', '--', 'sh', '-c', 'echo "$GPUBOX_NAME"; exit 3');
		assert.deepEqual([job.code, /^\S+-1\n$/.test(job.stdout)], [3, true], job.text);
	});

	test('another image under the locked name is found', async () => {
		const container = await engine.docker.createContainer({Image: 'python', Cmd: ['sh', '-c', 'mkdir /added']});
		await container.start();
		await container.wait();
		await container.commit({repo: 'python', tag: 'latest'});
		const {code, stdout, text: told} = await gpubox('verify', '--json');
		assert.equal(code, 8, told);
		const {differences} = JSON.parse(stdout) as {differences: Array<{what: string}>};
		assert.ok(
			differences.some(({what}) => what.startsWith('image')),
			told,
		);
	});
});
