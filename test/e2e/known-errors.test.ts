import assert from 'node:assert/strict';
import {rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {remedies} from '../../source/host/remedies.ts';
import {buildImage, dockerOf, makePerson, openTerminal, type Person, testHost} from '../_helpers/test-host/index.ts';

// What is known of an error is told wherever it comes up: in a log, and when a box does not come up because of it.

const host = testHost();
const docker = dockerOf(host);
const tooOld = 'RuntimeError: The NVIDIA driver on your system is too old (found version 12040)';

let person: Person;

before(async () => {
	person = await makePerson(host, 'unlucky', {known: true});
});

after(async () => {
	for (const label of ['gpubox.owner=unlucky', `gpubox.project=${person.project}`]) {
		for (const {Id} of await docker.listContainers({all: true, filters: {label: [label]}})) {
			await docker.getContainer(Id).remove({force: true});
		}
	}

	await person.remove();
});

/** A box that says something and stays. */
async function boxThatSays(name: string, text: string): Promise<void> {
	const container = await docker.createContainer({
		Image: host.images.bare,
		name: `gpubox-${name}`,
		Labels: {'gpubox.name': name, 'gpubox.owner': 'unlucky', 'gpubox.services': '', 'gpubox.gpus': ''},
		Env: [`TEXT=${text}`],
		Cmd: ['sh', '-c', 'printf "%s\\n" "$TEXT"; exec sleep infinity'],
	});
	await container.start();
}

describe('gpubox logs', () => {
	test('explains every known error below the log, once, and leaves the log as it is', async () => {
		const text = [...remedies, ...remedies].map(({example}) => example).join('\n');
		await boxThatSays('unlucky-all', text);
		const {stdout, stderr, code} = await person.runGpubox(['logs', 'unlucky-all']);
		assert.equal(code, 0);
		assert.equal(stdout, `${text}\n`);
		const explained = remedies.map(({meaning, fix}) => `gpubox: ${meaning}\n  → ${fix}\n`).join('');
		// It was not created by gpubox, so no record says that it is the caller's.
		assert.equal(stderr, `gpubox: unlucky-all belongs to unlucky (claimed).\n${explained}`);
	});

	test('says nothing of what it does not know', async () => {
		await boxThatSays(
			'unlucky-none',
			[
				'OSError: [Errno 19] No such device',
				'OutOfMemory: out of shared memory  HINT: You might need to increase "max_locks_per_transaction".',
				'OutOfResources: out of resource: shared memory, Required: 163840, Hardware limit: 101376.',
				'all is well',
			].join('\n'),
		);
		assert.equal(
			(await person.runGpubox(['logs', 'unlucky-none'])).stderr,
			'gpubox: unlucky-none belongs to unlucky (claimed).\n',
		);
	});

	test('-f explains at once', async () => {
		await boxThatSays('unlucky-one', `\u001B[31m${tooOld}\u001B[0m`);
		const terminal = openTerminal(host, person, ['logs', '-f', 'unlucky-one']);
		await terminal.waitFor(/too old[\s\S]*gpubox: The image's CUDA is too new for this host's driver\.\n {2}→ Choose/);
		terminal.write('\u0003');
		assert.equal((await terminal.exited).exitCode, 130);
	});
});

describe('gpubox up', () => {
	test('explains why a box stopped while starting', async () => {
		const image = 'gpubox-test/unlucky:1';
		const lines = ['#!/bin/sh', `echo "${tooOld}" >&2`, 'exit 1'].map((line) => `'${line}'`).join(' ');
		const jupyter = '/usr/bin/jupyter-notebook';
		await buildImage(docker, image, `FROM ${host.images.jupyter}\nRUN printf '%s\\n' ${lines} > ${jupyter}\n`);
		const {code, stderr} = await person.runGpubox(['up', '--image', image, '--gpus', 'none']);
		await docker.getImage(image).remove({force: true});
		assert.equal(code, 1, stderr);
		assert.match(
			stderr,
			/stopped while starting[\s\S]* {2}→ The image's CUDA is too new for this host's driver\. Choose/,
		);
	});

	test('explains why a post-create command failed', async () => {
		const file = join(person.project, 'gpubox.yaml');
		const words = "echo 'error: externally-managed-environment'; exit 1";
		await writeFile(file, `image: ${host.images.jupyter}\ngpus: none\npostCreate: "${words}"\n`, {mode: 0o644});
		const {code, stderr} = await person.runGpubox(['up', '--trust']);
		await rm(file);
		assert.equal(code, 1);
		assert.match(
			stderr,
			/exit 1\. The image's Python belongs to its distribution[\s\S]*gpubox up runs the command again\. Use a virtual/,
		);
	});
});
