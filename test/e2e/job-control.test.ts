import assert from 'node:assert/strict';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {after, before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	type Terminal,
	testHost,
	waitUntil,
} from '../_helpers/test-host/index.ts';

// The session under a shell with job control, and what is left of it when it ends in any other way than by `q`.

const host = testHost();
let person: Person;
before(async () => {
	person = await makePerson(host);
});
after(async () => {
	await person.remove();
});

const altScreen = {on: '\u001B[?1049h', off: '\u001B[?1049l'};
const onMainScreen = (terminal: Terminal) =>
	terminal.raw().lastIndexOf(altScreen.off) > terminal.raw().lastIndexOf(altScreen.on);

/** The processes below one, itself included. */
function familyOf(root: number): number[] {
	const parents = new Map<number, number>();
	for (const name of readdirSync('/proc')) {
		if (/^\d+$/.test(name)) {
			try {
				const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
					.replace(/^.*\) /s, '')
					.split(' ');
				parents.set(Number(name), Number(parent));
			} catch {
				// It ended meanwhile.
			}
		}
	}

	const family = [root];
	for (const pid of family) {
		family.push(...[...parents].filter(([, parent]) => parent === pid).map(([child]) => child));
	}

	return family;
}

const commandOf = (pid: number) => {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
	} catch {
		return '';
	}
};
const stateOf = (pid: number) => {
	try {
		return readFileSync(`/proc/${pid}/status`, 'utf8').match(/^State:\s*(\w)/m)?.[1] ?? 'X';
	} catch {
		return 'X';
	}
};

/** How often it gave up a processor: more often once it has gone on. */
const switchesOf = (pid: number) =>
	Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^voluntary_ctxt_switches:\s*(\d+)/m)?.[1]);

describe('under a shell', {skip: needsOwnEngine}, () => {
	const openShell = async (size = {columns: 100, rows: 30}) => {
		const {node, cli} = host.program;
		const terminal = openTerminal(host, person, [], {
			...size,
			program: ['bash', '--norc', '--noprofile', '-i'],
			env: {PS1: 'shell> ', GPUBOX: `${node} ${cli}`},
		});
		await terminal.waitFor(/shell>$/);
		terminal.write('$GPUBOX\r');
		await terminal.waitFor('RTX A6000');
		return terminal;
	};
	const gpubox = (terminal: Terminal) =>
		familyOf(terminal.pid).find((pid) => commandOf(pid).includes(host.program.cli));
	const assertShellIsUsable = async (terminal: Terminal) => {
		await terminal.waitFor(/Stopped[\s\S]*shell>$/);
		assert.ok(onMainScreen(terminal));
		terminal.write('stty -a\r');
		// What is typed before the shell reads again may be dropped.
		const screen = await terminal.waitFor(/ icanon[\s\S]*shell>$/);
		assert.match(screen, /(?<!-)\bisig\b/);
		assert.match(screen, /(?<!-)\becho\b/);
		assert.equal(stateOf(gpubox(terminal) ?? 0), 'T');
	};

	test('Ctrl-Z stops it, fg brings all of it back', async () => {
		const terminal = await openShell();
		for (let time = 0; time < 3; time += 1) {
			terminal.write('\u001A');
			await assertShellIsUsable(terminal);
			const children = familyOf(gpubox(terminal) ?? 0).filter((pid) => / -lms /.test(commandOf(pid)));
			assert.deepEqual(children, [], 'no nvidia-smi goes on');
			terminal.write('clear; fg\r');
			await terminal.waitFor(/Boxes/);
			await terminal.waitFor('RTX A6000');
			assert.ok(!onMainScreen(terminal));
			assert.doesNotMatch(terminal.screen(), /shell>/);
			// Keys are keys again, not lines.
			terminal.write('?');
			await terminal.waitFor(/▸ Keys/);
			terminal.write('?');
			await terminal.waitFor((screen) => !screen.includes('▸ Keys') && screen.includes('Boxes'));
		}

		await waitUntil('nvidia-smi', async () =>
			familyOf(gpubox(terminal) ?? 0).some((pid) => / -lms /.test(commandOf(pid))),
		);
		terminal.write('q');
		await terminal.waitFor(/shell>$/);
		terminal.write('echo left-$?; exit\r');
		await terminal.waitFor('left-0');
	});

	test('Ctrl-C ends a command of the palette, and not the session', async () => {
		const terminal = await openShell();
		terminal.write(':');
		await terminal.waitFor(/What to do/);
		terminal.write('gpus --watch');
		await terminal.waitFor(/gpubox gpus --watch/);
		terminal.write('\r');
		await terminal.waitFor(/UUID +STATE[\s\S]*6f1d0e47/);
		terminal.write('\u0003');
		await terminal.waitFor(/Enter returns to gpubox/);
		terminal.write('\u0003');
		await terminal.waitFor(/Boxes/);
		terminal.write('q');
		await terminal.waitFor(/shell>$/);
		terminal.write('echo left-$?; exit\r');
		await terminal.waitFor('left-0');
	});

	test('so does the signal that a shell or a script sends', async () => {
		const terminal = await openShell({columns: 80, rows: 24});
		const pid = gpubox(terminal) ?? 0;
		process.kill(pid, 'SIGTSTP');
		await assertShellIsUsable(terminal);
		terminal.write('clear; fg\r');
		await terminal.waitFor(/Boxes/);
		terminal.resize(100, 30);
		await terminal.waitFor((screen) => screen.split('\n').length >= 29);
		terminal.write('q');
		await terminal.waitFor(/shell>$/);
		terminal.write('exit\r');
	});

	test('in the background it stays stopped, and what it is sent there ends it', async () => {
		const terminal = await openShell();
		terminal.write('\u001A');
		await assertShellIsUsable(terminal);
		const pid = gpubox(terminal) ?? 0;
		const before = switchesOf(pid);
		terminal.write('clear; bg\r');
		await waitUntil('it to go on, and to be stopped again', async () => {
			return switchesOf(pid) > before && stateOf(pid) === 'T';
		});
		terminal.write('echo still-$((40 + 2))\r');
		await terminal.waitFor('still-42');
		assert.ok(onMainScreen(terminal));
		terminal.write('fg\r');
		await terminal.waitFor(/Boxes/);
		// A key that comes before the terminal is in raw mode again is dropped by the system, with what was typed to the shell.
		await waitUntil('it to be stopped by Ctrl-Z', async () => {
			terminal.write('\u001A');
			await sleep(200);
			return stateOf(gpubox(terminal) ?? 0) === 'T';
		});
		await terminal.waitFor(/Stopped/);
		terminal.write('kill %1; clear\r');
		await waitUntil('it to be gone', async () => gpubox(terminal) === undefined);
		terminal.write('stty -a; exit\r');
		assert.match(await terminal.waitFor(/ icanon/), /(?<!-)\becho\b/);
	});

	test('stopped and continued by signals that it cannot hear, it takes the terminal again', async () => {
		const terminal = await openShell();
		const pid = gpubox(terminal) ?? 0;
		process.kill(pid, 'SIGSTOP');
		await terminal.waitFor(/Stopped/);
		terminal.write('clear; stty sane; fg\r');
		await terminal.waitFor((screen) => /Boxes/.test(screen) && !/shell>/.test(screen));
		terminal.write('?');
		await terminal.waitFor(/▸ Keys/);
		terminal.write('q');
		await terminal.waitFor(/shell>$/);
		terminal.write('exit\r');
	});
});

describe('it ends in another way', {skip: needsOwnEngine}, () => {
	for (const [signal, code] of [
		['SIGTERM', 143],
		['SIGHUP', 129],
		['SIGINT', 130],
		['SIGQUIT', 131],
		['SIGKILL', 0],
	] as const) {
		test(`${signal}: ${signal === 'SIGKILL' ? 'nothing it started is left' : 'the terminal is as it was found, and nothing it started is left'}`, async () => {
			const terminal = openTerminal(host, person, []);
			await terminal.waitFor('RTX A6000');
			await waitUntil('nvidia-smi', async () => familyOf(terminal.pid).some((pid) => / -lms /.test(commandOf(pid))));
			const family = familyOf(terminal.pid).filter((pid) => pid !== terminal.pid);
			assert.ok(family.length > 0);
			terminal.kill(signal);
			const {exitCode} = await terminal.exited;
			if (signal !== 'SIGKILL') {
				assert.equal(exitCode, code, terminal.raw().slice(-1500));
				assert.ok(onMainScreen(terminal));
				assert.ok(terminal.raw().lastIndexOf('\u001B[?25h') > terminal.raw().lastIndexOf('\u001B[?25l'));
			}

			const left = () => family.filter((pid) => !['X', 'Z'].includes(stateOf(pid)) && / -lms /.test(commandOf(pid)));
			await waitUntil('what it started to end', async () => left().length === 0, {seconds: 3});
		});
	}
});

describe('a terminal that understands nothing but lines', {skip: needsOwnEngine}, () => {
	for (const value of ['dumb', '']) {
		test(`TERM is ${value === '' ? 'not set' : value}: the plain report`, async () => {
			const {node, cli} = host.program;
			const set = value === '' ? ['env', '-u', 'TERM'] : ['env', `TERM=${value}`];
			const terminal = openTerminal(host, person, [], {program: [...set, node, cli]});
			const {exitCode} = await terminal.exited;
			assert.equal(exitCode, 0);
			assert.match(terminal.raw(), /GPUs: driver 575\.57\.08/);
			assert.match(terminal.raw(), /Boxes/);
			assert.ok(!terminal.raw().includes('\u001B'), JSON.stringify(terminal.raw().slice(0, 200)));
			assert.ok(existsSync(cli));
		});
	}
});
