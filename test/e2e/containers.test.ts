import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {after, before, describe, test} from 'node:test';
import {
	dockerOf,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	testHost,
	waitUntil,
	withDriver,
} from '../_helpers/test-host/index.ts';

// A container that gpubox did not make, with a process on a card, in the lists of the session.

const host = testHost();
const docker = dockerOf(host);
const [card] = host.own?.gpus ?? [];
const h100 = {name: 'NVIDIA H100 80GB HBM3', computeCapability: '9.0', memoryTotalMiB: 81_559};

/** A line in its log, a tenth of a CPU, and some 40 MB that stay the same. */
const program = 'echo "served 17 requests"; x=$(head -c 40000000 /dev/zero | tr "\\0" a); while :; do :; done';

/** `41.9MiB` or `42M` in MiB. */
function mebibytes(text: string): number {
	const [, figure, unit = ''] = /^([\d.]+)([KMG])/.exec(text) ?? [];
	return Number(figure) * ({K: 1 / 1024, M: 1, G: 1024}[unit] ?? Number.NaN);
}

describe('all containers in the session', {skip: needsOwnEngine}, () => {
	let person: Person;
	let id = '';
	const name = `web-${randomBytes(4).toString('hex')}`;

	before(async () => {
		person = await makePerson(host);
		const container = await docker.createContainer({
			name,
			Image: host.images.bare,
			Entrypoint: ['sh', '-c', program],
			Cmd: [],
			// A user of this machine, too: `daemon`.
			User: '1',
			HostConfig: {NanoCpus: 100_000_000},
		});
		id = container.id;
		await container.start();
	});
	after(async () => {
		await docker.getContainer(id).remove({force: true, v: true});
		await person.remove();
	});

	test('a foreign container on a card has its name and owner, figures as docker stats, and is stopped only after a yes', async () => {
		const {State} = await docker.getContainer(id).inspect();
		const PATH = await withDriver(host, person, {
			driverVersion: '580.95.05',
			cudaVersion: '13.0',
			gpus: [{...h100, uuid: card?.uuid}],
			processes: [{gpu: 0, pid: State.Pid, name: 'sh', usedMemoryMiB: 2048}],
		});
		const terminal = openTerminal(host, person, [], {env: {PATH}, columns: 140, rows: 40});
		try {
			await terminal.waitFor(new RegExp(`${name} \\(daemon\\)`), {seconds: 30});
			terminal.write('3');
			await terminal.waitFor(new RegExp(`0 +${State.Pid} +daemon +${name} +2\\.0G`), {seconds: 20});
			terminal.write('\r');
			await terminal.waitFor(new RegExp(`▸● ${name} +daemon`), {seconds: 20});
			const figures = new RegExp(`▸● ${name} +daemon +([\\d.]+)% +([\\d.]+[KMG]) +0 +2\\.0G`);
			await terminal.waitFor(figures, {seconds: 20});
			// What a container uses changes while it starts: the two look at it at different moments.
			await waitUntil('the figures of docker stats', async () => {
				const [, cpu = '', memory = ''] = figures.exec(terminal.screen()) ?? [];
				const words = ['stats', '--no-stream', '--format', '{{.CPUPerc}} {{.MemUsage}}', id];
				const {stdout} = await person.run('docker', words);
				const [, cpuThere = '', memoryThere = ''] = /^([\d.]+)% (\S+) /.exec(stdout) ?? [];
				const difference = Math.abs(mebibytes(memory) - mebibytes(memoryThere));
				return Math.abs(Number(cpu) - Number(cpuThere)) <= 5 && difference <= 2 + 0.05 * mebibytes(memoryThere);
			});

			terminal.write('l');
			await terminal.waitFor(new RegExp(`Read the log of ${name} \\(owner: daemon\\)\\?`));
			terminal.write('y');
			await terminal.waitFor(/(?<!y) ⏎ yes {2}n no/);
			terminal.write('\r');
			await terminal.waitFor(new RegExp(`▸ ${name} [\\s\\S]*served 17 requests`), {seconds: 20});
			terminal.write('\u001B');
			await terminal.waitFor(new RegExp(`▸● ${name} +daemon`), {seconds: 20});
			terminal.write('s');
			await terminal.waitFor(new RegExp(`Stop ${name} \\(not a box; owner: daemon\\)\\?`));
			terminal.write('n');
			await terminal.waitFor((now) => !now.includes(`Stop ${name}`));
			assert.equal((await docker.getContainer(id).inspect()).State.Running, true);
			terminal.write('s');
			await terminal.waitFor(/y ⏎ yes {2}n no/);
			terminal.write('y');
			await terminal.waitFor(/(?<!y) ⏎ yes {2}n no/);
			terminal.write('\r');
			await terminal.waitFor(new RegExp(`${name} is stopped`), {seconds: 30});
			assert.equal((await docker.getContainer(id).inspect()).State.Running, false);
			terminal.write('q');
			assert.equal((await terminal.exited).exitCode, 0);
		} finally {
			terminal.kill('SIGKILL');
		}
	});
});
