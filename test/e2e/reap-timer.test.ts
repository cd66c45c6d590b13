import assert from 'node:assert/strict';
import {type ChildProcess, execFileSync, spawn} from 'node:child_process';
import {existsSync, rmdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {dockerOf, makePerson, needsOwnEngine, type Person, testHost, waitUntil} from '../_helpers/test-host/index.ts';

// gpubox reap run by itself: by a real systemd of the person's own, and by the line for cron.

const host = testHost();
const docker = dockerOf(host);
const manager = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'].find((path) => existsSync(path));
const needsSystemd: string | false = needsOwnEngine || (manager ? false : 'needs systemd installed');

/** Groups of processes that the person's systemd may cut up, as a login gives it some; it asks for no more of the machine than these. */
const groups = ['', 'systemd', 'unified']
	.map((name) => join('/sys/fs/cgroup', name))
	.filter((folder) => existsSync(join(folder, 'cgroup.procs')))
	.map((folder) => join(folder, `gpubox-test-${process.pid}`));

/** It believes that the machine was booted with systemd when there is this folder; where it was not, a mount of its own has it. */
const script = `set -e
if [ ! -d /run/systemd/system ]; then
	mkdir -p /run/systemd
	mount -t tmpfs none /run/systemd
	mkdir /run/systemd/system
fi
for group in $GROUPS_OF_TEST; do
	mkdir -p "$group/own"
	echo $$ >"$group/own/cgroup.procs"
	chown -R "$1:$2" "$group"
done
exec setpriv --reuid "$1" --regid "$2" --clear-groups "$3" --user
`;

function startSystemd(person: Person): ChildProcess {
	const words = ['--mount', 'sh', '-c', script, 'sh', `${person.uid}`, `${person.gid}`, manager ?? ''];
	return spawn('unshare', words, {
		env: {...person.environment, PATH: process.env.PATH, GROUPS_OF_TEST: groups.join(' ')},
		stdio: 'ignore',
	});
}

/** Waits for what was in a group to end, and removes it. */
async function removeGroup(group: string): Promise<void> {
	await waitUntil(`the end of ${group}`, () => {
		try {
			for (const folder of execFileSync('find', [group, '-depth', '-type', 'd'], {encoding: 'utf8'})
				.trim()
				.split('\n')) {
				rmdirSync(folder);
			}
		} catch {
			return !existsSync(group);
		}

		return true;
	});
}

/** A box whose time is over. */
async function makeOverdueBox(person: Person): Promise<string> {
	const words = ['--ssh', '--image', host.images.jupyter, '--gpus', 'none', '--json', '--for', '1s', '--recreate'];
	const {stdout, stderr, code} = await person.runGpubox(['up', ...words]);
	assert.equal(code, 0, stderr);
	const {name} = JSON.parse(stdout) as {name: string};
	await waitUntil('the end of its time', async () => (await person.runGpubox(['ls'])).stdout.includes('expired'));
	return name;
}

const isRunning = async (name: string) => (await docker.getContainer(`gpubox-${name}`).inspect()).State.Running;

async function removeBoxes(): Promise<void> {
	for (const {Id} of await docker.listContainers({all: true, filters: {label: ['gpubox.name']}})) {
		await docker.getContainer(Id).remove({force: true, v: true});
	}
}

describe("gpubox reap --install, with a person's own systemd", {skip: needsSystemd}, () => {
	let person: Person;
	let systemd: ChildProcess;
	const systemctl = (...words: string[]) => person.run('systemctl', ['--user', ...words]);
	const unit = (file: string) => join(person.environment.XDG_CONFIG_HOME ?? '', 'systemd/user', file);

	before(async () => {
		person = await makePerson(host);
		systemd = startSystemd(person);
		await waitUntil('systemd', async () => {
			assert.equal(systemd.exitCode, null, 'systemd has ended');
			return (await systemctl('show', '--property=Version')).code === 0;
		});
	});
	after(async () => {
		await systemctl('exit');
		await waitUntil('the end of systemd', () => systemd.exitCode !== null || systemd.signalCode !== null);
		for (const group of groups) {
			await removeGroup(group);
		}

		await removeBoxes();
		await person.remove();
	});

	test('leaves units that systemd has nothing to say against, and a timer that runs', async () => {
		const {stdout, stderr, code} = await person.runGpubox(['reap', '--install', '--grace', '1s']);
		assert.equal(code, 0, stderr);
		assert.match(stdout, /^gpubox reap runs every five minutes\./);
		const files = [unit('gpubox-reap.service'), unit('gpubox-reap.timer')];
		const verified = await person.run('systemd-analyze', ['--user', 'verify', ...files]);
		assert.deepEqual([verified.code, verified.stdout + verified.stderr], [0, '']);
		assert.equal((await systemctl('is-enabled', 'gpubox-reap.timer')).stdout.trim(), 'enabled');
		assert.equal((await systemctl('is-active', 'gpubox-reap.timer')).stdout.trim(), 'active');
		const {stdout: timers} = await systemctl('list-timers', '--no-legend');
		assert.match(timers, /gpubox-reap\.timer +gpubox-reap\.service/);
	});

	test('reaps when the timer says so: a notice first, then the stop', async () => {
		const name = await makeOverdueBox(person);
		assert.equal((await systemctl('start', 'gpubox-reap.service')).code, 0);
		assert.match((await person.runGpubox(['logs', name])).stdout, /gpubox reap: \S+ will be stopped after/);
		await waitUntil('the stop', async () => {
			await systemctl('start', 'gpubox-reap.service');
			return !(await isRunning(name));
		});
	});

	test('is taken away without a trace', async () => {
		const {code, stderr} = await person.runGpubox(['reap', '--uninstall']);
		assert.equal(code, 0, stderr);
		assert.notEqual((await systemctl('is-active', 'gpubox-reap.timer')).stdout.trim(), 'active');
		assert.ok(!existsSync(unit('gpubox-reap.service')) && !existsSync(unit('gpubox-reap.timer')));
		assert.ok(!existsSync(unit('timers.target.wants/gpubox-reap.timer')));
	});
});

describe('gpubox reap --install, where no systemd answers', {skip: needsOwnEngine}, () => {
	let person: Person;
	before(async () => {
		person = await makePerson(host);
	});
	after(async () => {
		await removeBoxes();
		await person.remove();
	});

	test('prints a line that cron can run', async () => {
		const name = await makeOverdueBox(person);
		const {stdout, code} = await person.runGpubox(['reap', '--install', '--grace', '1s']);
		assert.equal(code, 0);
		const [, line = ''] = /^\*\/5 \* \* \* \* (.+)$/m.exec(stdout) ?? [];
		// As cron does it: a percent sign is written with a backslash, and the environment is next to nothing.
		const asCron = ['-i', `HOME=${person.home}`, 'SHELL=/bin/sh', 'PATH=/usr/bin:/bin', 'sh', '-c'];
		const runLine = () => person.run('env', [...asCron, line.replaceAll('\\%', '%')], {cwd: person.home});
		const first = await runLine();
		assert.match(first.stdout, new RegExp(`^${name}: notified that it will be stopped`), first.stderr);
		await waitUntil('the stop', async () => /: stopped, because/.test((await runLine()).stdout));
		assert.equal(await isRunning(name), false);
	});
});
