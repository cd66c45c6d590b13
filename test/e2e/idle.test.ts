import assert from 'node:assert/strict';
import {chmod, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {dockerOf, makePerson, needsOwnEngine, type Person, testHost, waitUntil} from '../_helpers/test-host/index.ts';

// What is seen of a box that nobody uses, with a real Jupyter and a real sshd in it.

const host = testHost();
const docker = dockerOf(host);

type Listed = {name: string; state: string; idleSince: string | null};
type Kernel = {id: string; busy: boolean; lastActivity: string};

describe('a box that nobody uses', {skip: needsOwnEngine}, () => {
	let person: Person;
	let box: {name: string; id: string; jupyter: {url: string; token: string}};

	before(async () => {
		person = await makePerson(host, 'tester', {known: true});
		const {stdout, stderr, code} = await person.runGpubox([
			'up',
			'--jupyter',
			'--ssh',
			'--json',
			'--gpus',
			'1',
			'--image',
			host.images.jupyter,
		]);
		assert.equal(code, 0, stderr);
		box = JSON.parse(stdout) as typeof box;
	});
	after(async () => {
		for (const {Id} of await docker.listContainers({all: true, filters: {label: ['gpubox.name']}})) {
			await docker.getContainer(Id).remove({force: true, v: true});
		}

		await person.remove();
	});

	const succeed = async (...words: string[]) => {
		const {stdout, stderr, code} = await person.runGpubox(words);
		assert.equal(code, 0, stderr);
		return stdout;
	};
	const listed = async () => {
		const {boxes} = JSON.parse(await succeed('ls', '--json')) as {boxes: Listed[]};
		const found = boxes.find(({name}) => name === box.name);
		assert.ok(found);
		return found;
	};
	const kernels = async () => (JSON.parse(await succeed('kernels', box.name, '--json')) as {kernels: Kernel[]}).kernels;
	const ask = (path: string, method = 'GET') =>
		fetch(new URL(path, box.jupyter.url), {
			method,
			headers: {authorization: `token ${box.jupyter.token}`, 'content-type': 'application/json'},
			...(method === 'POST' ? {body: '{}'} : {}),
		});

	test('is idle since something was last done in it, and looking does not change that', async () => {
		const before = new Date();
		const {idleSince} = await listed();
		assert.ok(idleSince);
		assert.ok(new Date(idleSince) <= before);
		await listed();
		await kernels();
		assert.equal((await listed()).idleSince, idleSince);
		await ask('api/contents');
		const {idleSince: later} = await listed();
		assert.ok(later && new Date(later) >= before, `${later}`);
	});

	test('somebody logged in by SSH, or attached, uses it', async () => {
		for (const words of [
			['ssh', box.name, '--', 'sleep', '60'],
			['attach', box.name, '--', 'sleep', '60'],
		]) {
			const leave = new AbortController();
			const inside = person.runGpubox(words, {signal: leave.signal}).catch(() => {});
			await waitUntil(`${words[0]} to be seen`, async () => (await listed()).idleSince === null);
			assert.match(await succeed('ls'), /in use/);
			leave.abort();
			await inside;
			await docker
				.getContainer(box.id)
				.exec({Cmd: ['pkill', 'sleep']})
				.then((exec) => exec.start({}));
			await waitUntil(`${words[0]} to be gone`, async () => (await listed()).idleSince !== null);
		}
	});

	test('an idle kernel is listed, and shut down without the box', async () => {
		assert.equal((await ask('api/kernels', 'POST')).status, 201);
		const [kernel] = await waitUntil('the kernel to be idle', async () => {
			const found = await kernels();
			return found.length === 1 && found.every(({busy}) => !busy) && found;
		});
		assert.ok(kernel);
		assert.match(await succeed('kernels', box.name), new RegExp(kernel.id));
		const refused = await person.runGpubox(['kernels', box.name, '--stop', 'nonsense']);
		assert.equal(refused.code, 2);
		assert.equal((await succeed('kernels', box.name, '--stop', kernel.id.slice(0, 8))).trim(), kernel.id);
		assert.deepEqual(await kernels(), []);
		assert.equal((await listed()).state, 'running');
	});

	test('who holds the GPU, since when and doing nothing is told with the GPUs', async () => {
		const {gpus} = JSON.parse(await succeed('gpus', '--json')) as {
			gpus: Array<{claimedBy: string[]; holders: Array<{box: string; since: string; idleSince: string | null}>}>;
		};
		const [holder] = gpus.flatMap(({holders}) => holders);
		assert.equal(holder?.box, box.name);
		assert.ok(holder.idleSince && Date.parse(holder.since) <= Date.parse(holder.idleSince));
		assert.match(await succeed('gpus'), /BOX +OWNER +GPUS +SINCE +IDLE/);
	});

	test('it is marked after idle.warnAfter, and kept by stop --idle as long as it is not idle enough', async () => {
		await succeed('config', 'idle.warnAfter', '1s');
		assert.match(await waitUntil('the mark', async () => /holds a GPU/.exec(await succeed('ls'))?.[0]), /holds a GPU/);
		assert.equal(await succeed('stop', '--idle', '1d'), '');
		assert.equal((await listed()).state, 'running');
	});

	test('reap leaves a notice in its log, and stops it at the end of the grace', async () => {
		assert.equal(await succeed('reap'), '', 'without a policy nothing is reaped');
		assert.match(await succeed('reap', '--dry-run'), new RegExp(`${box.name}: idle\\.stopAfter is not set for it`));
		await succeed('config', 'idle.stopAfter', '1s');
		const told = await waitUntil('the notice', async () => (await succeed('reap', '--grace', '3s')) || undefined);
		assert.match(told, new RegExp(`^${box.name}: notified that it will be stopped after `));
		const {stdout} = await person.runGpubox(['logs', box.name]);
		assert.match(
			stdout,
			new RegExp(`gpubox reap: ${box.name} will be stopped after .*, because it has been idle since`),
		);
		await waitUntil('the end of the grace', async () => /: stopped, because/.test(await succeed('reap')));
		assert.equal((await listed()).state, 'exited');
	});

	test('stop --idle stops those that are idle for so long', async () => {
		await succeed('start', box.name);
		const stopped = await waitUntil('it to be idle', async () => (await succeed('stop', '--idle', '1s')) || undefined);
		assert.equal(stopped.trim(), box.name);
		assert.equal((await listed()).state, 'exited');
	});

	test('use takes a notice back, and the time of --for does not', async () => {
		await succeed('config', 'idle.stopAfter', '1s');
		await succeed('up', '--recreate', '--image', host.images.jupyter, '--gpus', '1', '--for', '1h');
		await waitUntil('the notice', async () => /notified/.test(await succeed('reap', '--grace', '1s')));
		await ask('api/contents');
		// A new notice, for the old one counts no more.
		await waitUntil('another notice', async () => /notified/.test(await succeed('reap', '--grace', '1h')));
		assert.match(await succeed('reap'), /: will be stopped after/);

		await succeed('up', '--recreate', '--image', host.images.jupyter, '--gpus', '1', '--for', '1s');
		await succeed('config', '--unset', 'idle.stopAfter');
		await waitUntil('the notice', async () => /notified/.test(await succeed('reap', '--grace', '1s')));
		await waitUntil('the stop', async () =>
			/: stopped, because its reservation has expired/.test(await succeed('reap')),
		);
	});

	test('reap --install writes a systemd timer, or the line for cron', async () => {
		assert.match(await succeed('reap', '--install'), /^\*\/5 \* \* \* \* .*reap --grace 10m$/m);

		const tools = join(person.home, 'tools');
		await mkdir(tools);
		await writeFile(join(tools, 'systemctl'), '#!/bin/sh\necho "$@" >> "$HOME/systemctl.log"\n');
		await chmod(tools, 0o755);
		await chmod(join(tools, 'systemctl'), 0o755);
		const env = {PATH: `${tools}:${person.environment.PATH}`};
		const installed = await person.runGpubox(['reap', '--install', '--grace', '20m'], {env});
		assert.equal(installed.code, 0, installed.stderr);
		const unit = join(person.environment.XDG_CONFIG_HOME ?? '', 'systemd/user/gpubox-reap.service');
		const {stdout: service} = await person.run('cat', [unit]);
		assert.match(service, /^ExecStart=.*"reap" "--grace" "20m"$/m);
		assert.match(service, new RegExp(`^Environment="DOCKER_HOST=${host.address}"$`, 'm'));
		assert.match((await person.run('cat', ['systemctl.log'], {cwd: person.home})).stdout, /--user enable --now/);
		const removed = await person.runGpubox(['reap', '--uninstall'], {env});
		assert.equal(removed.code, 0, removed.stderr);
		assert.notEqual((await person.run('cat', [unit])).code, 0);
	});
});
