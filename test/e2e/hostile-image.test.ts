import assert from 'node:assert/strict';
import {readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {buildImage, dockerOf, makePerson, type Person, testHost} from '../_helpers/test-host/index.ts';

// An image whose programs and labels want more than they were given.

const host = testHost();
const docker = dockerOf(host);

/** Each start of the image's `sh` leaves a file in /marks that is named by who it ran as, and what was mounted by then. */
const spy = `#!/usr/bin/real-sh
/usr/bin/cat /proc/self/mountinfo >>/marks/by-$(/usr/bin/id -u) 2>/dev/null
exec /usr/bin/real-sh "$@"
`;
const encoded = Buffer.from(spy).toString('base64');
const spying = [
	'RUN mkdir /marks && chmod 1777 /marks && mv /usr/bin/dash /usr/bin/real-sh',
	`&& echo ${encoded} | base64 -d >/usr/bin/dash && chmod 755 /usr/bin/dash && cp /usr/bin/dash /usr/local/bin/sh`,
].join(' ');

const images = {
	/** Has Jupyter and sshd, which it says, so that no layer is built on it; and says that its box has sudo. */
	labelled: 'gpubox-test/hostile-labelled:e2e',
	/** Would have the file for sudo put into the project. */
	linked: 'gpubox-test/hostile-linked:e2e',
	/** Does not say what it has: a layer is built on it. */
	layered: 'gpubox-test/hostile-layered:e2e',
};
const provides = 'LABEL gpubox.image.provides="jupyter sshd"';

describe('an image that wants to be root', () => {
	let person: Person;
	let name = '';
	const up = async (...options: string[]) => {
		const result = await person.runGpubox(['up', '--json', '--gpus', 'none', '--force', ...options]);
		assert.equal(result.code, 0, result.stderr);
		({name} = JSON.parse(result.stdout) as {name: string});
		return result;
	};
	const inside = (...command: string[]) => person.runGpubox(['attach', name, '--', ...command]);

	before(async () => {
		await buildImage(
			docker,
			images.labelled,
			`FROM ${host.images.jupyter}\n${spying}\n${provides}\nLABEL gpubox.sudo=true\n`,
		);
		await buildImage(
			docker,
			images.linked,
			`FROM ${host.images.jupyter}\nRUN ln -s /workspace /etc/sudoers.d && cp /bin/true /usr/bin/sudo\n${provides}\n`,
		);
		await buildImage(docker, images.layered, `FROM ${host.images.jupyter}\n${spying}\n`);
		person = await makePerson(host);
	});
	after(async () => {
		await person.runGpubox(['rm', '--yes', name]);
		await person.remove();
		const derived = await docker.listImages({filters: {label: [`gpubox.derived-from=${images.layered}`]}});
		for (const {Id} of derived) {
			await docker.getImage(Id).remove({force: true});
		}

		for (const image of Object.values(images)) {
			await docker.getImage(image).remove({force: true});
		}
	});

	test('never runs as root, whatever its labels say and whatever is done with its box', async () => {
		await up('--image', images.labelled);
		await up();
		await person.runGpubox(['check', name]);
		await person.runGpubox(['check', images.labelled]);
		await person.runGpubox(['stop', name]);
		await person.runGpubox(['start', name]);
		await person.runGpubox(['ls']);
		await up();
		const {stdout, stderr} = await inside('ls', '/marks');
		assert.deepEqual(stdout.trim().split('\n'), [`by-${person.uid}`], stderr);
		assert.notEqual((await inside('test', '-e', '/etc/sudoers.d/gpubox')).code, 0);
		const {HostConfig} = await docker.getContainer(`gpubox-${name}`).inspect();
		assert.deepEqual(HostConfig.CapAdd ?? [], []);
		assert.ok(HostConfig.SecurityOpt?.includes('no-new-privileges'));
	});

	test('gets nothing of sudo onto the host by a link of its own', async () => {
		await writeFile(join(person.project, 'gpubox'), 'mine', {flag: 'wx'});
		const before = await readdir(person.project);
		const {stderr} = await up('--image', images.linked, '--sudo', '--recreate');
		assert.match(stderr, /has no sudo, so --sudo has no effect/);
		assert.deepEqual(await readdir(person.project), before);
		assert.equal(await readFile(join(person.project, 'gpubox'), 'utf8'), 'mine');
	});

	test('sees nothing of the host while a layer is built on it', async () => {
		await up('--image', images.layered, '--recreate');
		// Root in the build, as installing takes.
		const {stdout, stderr} = await inside('cat', '/marks/by-0');
		assert.match(stdout, / \/proc /, stderr);
		for (const kept of [person.home, person.project, host.folder, 'docker.sock', '/workspace', '/run/secrets']) {
			assert.ok(!stdout.includes(kept), kept);
		}

		// The box, on the other hand, has its project.
		assert.match((await inside('cat', `/marks/by-${person.uid}`)).stdout, / \/workspace /);
	});
});
