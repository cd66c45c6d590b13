import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {buildImage, dockerOf, makePerson, type Person, testHost} from '../_helpers/test-host/index.ts';

// --sudo on a real engine: root inside for who chose it, and for nobody else.

const host = testHost();
const docker = dockerOf(host);
const image = 'gpubox-test/sudo:e2e';

describe('--sudo', () => {
	let person: Person;
	let name = '';
	const up = async (...options: string[]) => {
		const {stdout, stderr, code} = await person.runGpubox(['up', '--json', '--jupyter', '--gpus', 'none', ...options]);
		assert.equal(code, 0, stderr);
		const box = JSON.parse(stdout) as {name: string; sudo: boolean};
		name = box.name;
		return {...box, stderr};
	};
	const inside = (...command: string[]) => person.runGpubox(['attach', name, '--', ...command]);

	before(async () => {
		await buildImage(
			docker,
			image,
			`FROM ${host.images.jupyter}\nRUN apt-get update -q && apt-get install -qy --no-install-recommends sudo\n`,
		);
		person = await makePerson(host);
	});
	after(async () => {
		await person.runGpubox(['rm', '--yes', name]);
		await person.remove();
		const images = await docker.listImages({filters: {label: [`gpubox.derived-from=${image}`]}});
		for (const {Id} of images) {
			await docker.getImage(Id).remove({force: true});
		}

		await docker.getImage(image).remove({force: true});
	});

	test('is not given unasked, even where the image has sudo', async () => {
		assert.equal((await up('--image', image)).sudo, false);
		const {code, stdout, stderr} = await inside('sudo', '-n', 'id', '-u');
		assert.notEqual(code, 0);
		assert.match(stdout + stderr, /no new privileges/);
	});

	test('lets its user, who stays an ordinary one, become root without a password', async () => {
		assert.equal((await up('--image', image, '--sudo', '--recreate')).sudo, true);
		assert.equal((await inside('id', '-u')).stdout.trim(), String(person.uid));
		const {code, stdout, stderr} = await inside('sudo', '-n', 'sh', '-c', 'id -u && touch /etc/made-by-root');
		assert.deepEqual([code, stdout.trim()], [0, '0'], stderr);
		assert.match((await person.runGpubox(['ls'])).stdout, new RegExp(`${name} .*\\+sudo`));
		assert.equal((await inside('sudo', '-n', 'stat', '-c', '%u:%g %a', '/etc/sudoers.d/gpubox')).stdout, '0:0 440\n');
	});

	test('is there again after stop and start', async () => {
		await person.runGpubox(['stop', name]);
		await person.runGpubox(['start', name]);
		assert.equal((await inside('sudo', '-n', 'id', '-u')).stdout.trim(), '0');
	});

	test('gives root inside nothing of the host', async () => {
		const mounted = await inside('sudo', '-n', 'mount', '-t', 'tmpfs', 'none', '/mnt');
		assert.match(mounted.stderr, /permission denied/i);
		const made = await inside('sudo', '-n', 'mknod', '/tmp/disk', 'b', '8', '0');
		assert.match(made.stderr, /Operation not permitted/);
	});

	test('says so when the image has no sudo', async () => {
		const {stderr} = await up('--image', host.images.jupyter, '--sudo', '--recreate', '--yes');
		assert.match(stderr, /has no sudo, so --sudo has no effect/);
	});
});
