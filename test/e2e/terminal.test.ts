import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {chown, mkdir, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {
	dockerOf,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	type Terminal,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';

// A person at a real terminal: attach, and the session from its first screen to the removed box.

const host = testHost();
const docker = dockerOf(host);
const {jupyter: image} = host.images;

/** A shell gets its terminal's size a moment after it is there, and learns of another one as late. */
const untilSizeIs = (terminal: Terminal, size: string) =>
	waitUntil(`the size ${size} inside`, async () => {
		terminal.write('clear; stty size\r');
		return terminal.waitFor(size, {seconds: 2}).then(
			() => true,
			() => false,
		);
	});

describe('attach in a terminal', () => {
	let person: Person;
	let name: string;
	before(async () => {
		person = await makePerson(host);
		const {stdout, stderr} = await person.runGpubox(['up', '--json', '--image', image, '--gpus', 'none']);
		assert.notEqual(stdout, '', stderr);
		name = (JSON.parse(stdout) as {name: string}).name;
	});
	after(async () => {
		await person.runGpubox(['rm', '--yes', name]);
		await person.remove();
	});

	test('a shell as the caller in /workspace, whose terminal follows the size', async () => {
		const terminal = openTerminal(host, person, ['attach', name], {columns: 90, rows: 30});
		await terminal.waitFor(/\$ ?$/m);
		terminal.write('pwd; id -u; stty size\r');
		await terminal.waitFor(new RegExp(`/workspace\\n${person.uid}\\n30 90`));
		terminal.resize(100, 33);
		await untilSizeIs(terminal, '33 100');
		terminal.write('exit 3\r');
		assert.equal((await terminal.exited).exitCode, 3);
	});

	test('Ctrl-C goes to the command and not to gpubox', async () => {
		const terminal = openTerminal(host, person, ['attach', name]);
		await terminal.waitFor(/\$ ?$/m);
		terminal.write('sleep 1000\r');
		// A signal between the shell's fork and the program's start is the shell's alone: the program would go on.
		await waitUntil('the program', async () => {
			const {Processes} = await docker.getContainer(`gpubox-${name}`).top();
			return Processes.some((row: string[]) => row.at(-1) === 'sleep 1000');
		});
		terminal.write('\u0003');
		terminal.write('echo still-$((40 + 2))\r');
		await terminal.waitFor(/still-42\n.*\$ ?$/m);
		terminal.write('\u0004');
		assert.equal((await terminal.exited).exitCode, 0);
	});

	test('the detach keys leave it running', async () => {
		const words = ['attach', name, '--', 'sh', '-c', 'echo started; exec sleep 4321'];
		const terminal = openTerminal(host, person, words);
		// Before that the terminal may still take Ctrl-Q for itself.
		await terminal.waitFor('started');
		terminal.write('\u0010\u0011');
		await terminal.waitFor(`Detached. Programs in ${name} keep running.`);
		assert.equal((await terminal.exited).exitCode, 0);
		const {Processes} = await docker.getContainer(`gpubox-${name}`).top();
		assert.ok(Processes.some((row: string[]) => row.join(' ').includes('sleep 4321')));
	});

	test('without a terminal the streams pass through, and so does the code', async () => {
		const result = await person.runGpubox(['attach', name, '--', 'sh', '-c', 'cat; echo oops >&2; exit 9'], {
			input: 'to the box\n',
		});
		assert.deepEqual([result.stdout, result.stderr, result.code], ['to the box\n', 'oops\n', 9]);
	});

	test('a command that does not exist is 126 or 127, a box that is not running 125', async () => {
		const missing = await person.runGpubox(['attach', name, '--', 'no-such-command']);
		assert.ok(missing.code === 126 || missing.code === 127, String(missing.code));
		// A shell that was detached is still in use.
		assert.equal((await person.runGpubox(['stop', name])).code, 1);
		assert.equal((await person.runGpubox(['stop', '--yes', name])).code, 0);
		assert.equal((await person.runGpubox(['attach', name])).code, 125);
	});
});

describe('a shell that one comes back to', {skip: needsOwnEngine}, () => {
	let person: Person;
	let name: string;
	before(async () => {
		person = await makePerson(host);
		const {stdout, stderr} = await person.runGpubox(['up', '--json', '--image', image, '--gpus', 'none', '--ssh']);
		assert.notEqual(stdout, '', stderr);
		name = (JSON.parse(stdout) as {name: string}).name;
	});
	after(async () => {
		await person.runGpubox(['rm', '--yes', name]);
		await person.remove();
	});

	test('after the terminal was lost, with what runs in it', async () => {
		const lost = openTerminal(host, person, ['attach', name]);
		await lost.waitFor(/\$ ?$/m);
		lost.write('cd /tmp; word=remembered; sleep 4321 &\r');
		await lost.waitFor('sleep 4321');
		lost.kill('SIGHUP');
		await lost.exited;

		const back = openTerminal(host, person, ['attach', name], {columns: 70, rows: 20});
		await back.waitFor('word=remembered');
		back.write('clear; echo "$word-$PWD"; jobs\r');
		await back.waitFor(/remembered-\/tmp[\s\S]*sleep 4321/);
		await untilSizeIs(back, '20 70');

		// gpubox itself killed: nothing of it can tidy up.
		back.kill('SIGKILL');
		await back.exited;
		const again = openTerminal(host, person, ['attach', name]);
		again.write('clear; echo "$word-again"\r');
		await again.waitFor('remembered-again');
		again.write('kill %1; exit 5\r');
		assert.equal((await again.exited).exitCode, 5);
	});

	test('after detaching; while it is open elsewhere, another one, or that one by its number', async () => {
		const first = openTerminal(host, person, ['attach', name]);
		await first.waitFor(/\$ ?$/m);
		first.write('here=first; clear\r');
		first.write('\u0010\u0011');
		await first.waitFor(`To return: gpubox attach ${name}`);
		assert.equal((await first.exited).exitCode, 0);

		const back = openTerminal(host, person, ['attach', name]);
		await back.waitFor(/\$ ?$/m);
		back.write('clear; echo "$here-$((40 + 2))"\r');
		await back.waitFor('first-42');

		const other = openTerminal(host, person, ['attach', name]);
		await other.waitFor(/\$ ?$/m);
		assert.match(other.raw(), new RegExp(`To move it here: gpubox attach --shell 1 ${name}`));
		other.write('clear; echo "[$here]-$((40 + 3))"\r');
		await other.waitFor('[]-43');
		other.write('exit\r');
		assert.equal((await other.exited).exitCode, 0);

		const taken = openTerminal(host, person, ['attach', '--shell', '1', name]);
		assert.equal((await back.exited).exitCode, 0, 'the terminal that had it is let go');
		taken.write('clear; echo "$here-$((40 + 4))"\r');
		await taken.waitFor('first-44');
		taken.resize(100, 33);
		await untilSizeIs(taken, '33 100');
		// A program of the whole screen, and keys that tmux would take for its own.
		taken.write('clear; seq 200 >text; more text\r');
		await taken.waitFor('--More--');
		taken.write('q');
		// What is typed while the screen is being cleared shows before that, and is gone with it.
		taken.write('clear; echo begun; cat -v\r');
		await taken.waitFor(/^begun$/m);
		taken.write('\u0002c\r');
		await taken.waitFor('^Bc');
		taken.write('\u0003');
		// What is typed before the interrupt is dealt with would be thrown away with it.
		await taken.waitFor(/\^C\n[^\n]*\$ ?$/m);
		taken.write('exit 4\r');
		assert.equal((await taken.exited).exitCode, 4);
	});

	test('in the session, detached and opened again', async () => {
		const session = openTerminal(host, person, []);
		await session.waitFor(name);
		// Of all boxes of this host only that one.
		session.write('/');
		await session.waitFor('⏎ done');
		session.write(name);
		session.write('\r');
		await session.waitFor(new RegExp(`▸● ${name}`));
		session.write('a');
		await session.waitFor(/\$ ?$/m);
		session.write('clear; where=session\r');
		session.write('\u0010\u0011');
		await session.waitFor(/Back from .*the shell is still running/);
		assert.match(session.screen().split('\n')[0] ?? '', /^ gpubox/);
		session.write('a');
		await session.waitFor(/\$ ?$/m);
		session.write('clear; echo "in-$where"\r');
		await session.waitFor('in-session');
		session.write('exit\r');
		await session.waitFor(/Back from/);
		session.write('q');
		assert.equal((await session.exited).exitCode, 0);
	});

	test('a box that is paused says what continues it, in the session too', async () => {
		const container = docker.getContainer(`gpubox-${name}`);
		await container.pause();
		try {
			for (const words of [
				['attach', name, '--', 'true'],
				['start', name],
				['check', name],
			]) {
				const {stderr} = await person.runGpubox(words);
				assert.equal(stderr, `gpubox: ${name} is paused.\n  → To continue it: docker unpause gpubox-${name}\n`);
			}

			const session = openTerminal(host, person, []);
			await session.waitFor(name);
			session.write('/');
			await session.waitFor('⏎ done');
			session.write(name);
			session.write('\r');
			await session.waitFor(new RegExp(`▸◐ ${name}`));
			session.write('a');
			await session.waitFor(`${name} is paused.`);
			await session.waitFor(`docker unpause gpubox-${name}`);
			session.write('q');
			assert.equal((await session.exited).exitCode, 0);
		} finally {
			await container.unpause();
		}
	});

	test('a command has no holder, and its code comes through', async () => {
		const command = ['sh', '-c', 'echo "$PPID-$TMUX-"; exit 6'];
		const terminal = openTerminal(host, person, ['attach', name, '--', ...command]);
		assert.equal((await terminal.exited).exitCode, 6);
		assert.match(terminal.raw(), /^0--/m, 'started by the engine, not in tmux');
	});
});

describe('the session', {skip: needsOwnEngine}, () => {
	let person: Person;
	before(async () => {
		person = await makePerson(host);
		await person.runGpubox(['config', 'image', image]);
	});
	after(async () => {
		const {stdout} = await person.runGpubox(['ls', '--json']);
		for (const box of (JSON.parse(stdout) as {boxes: Array<{name: string; project: string}>}).boxes) {
			if (box.project === person.project) {
				await person.runGpubox(['rm', '--yes', box.name]);
			}
		}

		await person.remove();
	});

	test('GPUs, up, log, attach, stop, remove, quit: keys in, screen out', async () => {
		const terminal = openTerminal(host, person, [], {columns: 120, rows: 40});
		await terminal.waitFor('RTX A6000');
		await terminal.waitFor('575.57.08');
		terminal.write('u');
		await terminal.waitFor(/is up/, {seconds: 60});
		await terminal.waitFor(/NotebookApp|ServerApp/, {seconds: 20});

		terminal.write('a');
		await terminal.waitFor(/\$ ?$/m);
		terminal.write('echo inside-$((6 * 7)); exit\r');
		await terminal.waitFor(/GPUs/);
		await terminal.waitFor(/Back from/);

		const answerYes = async (question: RegExp) => {
			await terminal.waitFor(question);
			terminal.write('y');
			await terminal.waitFor(/(?<!y) ⏎ yes {2}n no/);
			terminal.write('\r');
		};
		terminal.write('s');
		await answerYes(/Stop .*y ⏎ yes {2}n no/);
		await terminal.waitFor(/is stopped/, {seconds: 40});
		await terminal.waitFor(/0 of \d+ running/);
		terminal.write('x');
		await answerYes(/Remove .*\?[\s\S]*y ⏎ yes {2}n no/);
		await terminal.waitFor(/is removed/, {seconds: 20});
		terminal.write('q');
		assert.equal((await terminal.exited).exitCode, 0);
		// Left as it was found: main screen, cursor shown.
		assert.ok(terminal.raw().lastIndexOf('\u001B[?1049l') > terminal.raw().lastIndexOf('\u001B[?1049h'));
		assert.ok(terminal.raw().lastIndexOf('\u001B[?25h') > terminal.raw().lastIndexOf('\u001B[?25l'));
	});

	for (const [signal, code] of [
		['SIGTERM', 143],
		['SIGHUP', 129],
	] as const) {
		test(`${signal} leaves the terminal as it was found`, async () => {
			const terminal = openTerminal(host, person, []);
			await terminal.waitFor('RTX A6000');
			terminal.kill(signal);
			const {exitCode} = await terminal.exited;
			assert.equal(exitCode, code);
			assert.ok(terminal.raw().lastIndexOf('\u001B[?1049l') > terminal.raw().lastIndexOf('\u001B[?1049h'));
		});
	}

	test('a demo whose terminal is lost leaves nothing', async () => {
		const folder = join(person.home, 'tmp');
		await mkdir(folder);
		await chown(folder, person.uid, person.gid);
		for (let time = 0; time < 3; time += 1) {
			const terminal = openTerminal(host, person, ['demo'], {env: {TMPDIR: folder}});
			await terminal.waitFor('DEMO');
			assert.equal((await readdir(folder)).length, 1);
			terminal.lose();
			await waitUntil('its end', async () => !existsSync(`/proc/${terminal.pid}`));
			assert.deepEqual(await readdir(folder), []);
		}
	});

	test('a box that somebody else starts and stops shows up by itself', async () => {
		const terminal = openTerminal(host, person, [], {columns: 100, rows: 30});
		await terminal.waitFor('RTX A6000');
		const other = await makePerson(host);
		const up = await other.runGpubox(['up', '--json', '--image', image, '--gpus', 'none', '--no-wait']);
		const {name} = JSON.parse(up.stdout) as {name: string};
		await terminal.waitFor(name.slice(0, 12));
		await other.runGpubox(['rm', '--yes', name]);
		await terminal.waitFor((screen) => !screen.includes(name.slice(0, 12)));
		terminal.write('\u0003');
		assert.equal((await terminal.exited).exitCode, 0);
		await other.remove();
	});

	test('without an engine the GPUs are there, and what is missing is said', async () => {
		const terminal = openTerminal(host, person, [], {
			env: {DOCKER_HOST: 'unix:///nonexistent.sock'},
			columns: 80,
			rows: 24,
		});
		await terminal.waitFor('RTX A6000');
		await terminal.waitFor(/No Docker Engine answers/);
		terminal.write('d');
		await terminal.waitFor(/DEMO/);
		terminal.write('q');
		await terminal.exited;
	});
});
