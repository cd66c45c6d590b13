import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {copyFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {assertScreen} from '../_helpers/snapshot.ts';
import {type BareMachine, buildExecutable, makeBareMachine} from '../_helpers/test-host/bare-machine.ts';
import {
	dockerOf,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	type Terminal,
	testHost,
} from '../_helpers/test-host/index.ts';

// A new hire came by SSH to a workstation that has a shell, a driver and a Docker socket, has the executable in the home
// folder, and types what the readme says. What stands on the screen then is kept in a transcript.

const host = testHost();
const docker = dockerOf(host);
const readme = readFileSync(new URL('../../readme.md', import.meta.url), 'utf8');
const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url));
const box = 'alice-vision';

/** The shell blocks below a heading of the readme: their lines, without comments. */
function blocksBelow(heading: string): string[][] {
	const section = readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
	return [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) =>
		block
			.trim()
			.split('\n')
			.map((line) => line.replace(/\s+#.*$/, '')),
	);
}

/** What differs from one run, or machine, to the next. */
function mask(text: string, person: Person): string {
	return text
		.replace(/^\[\d+\] /gm, '')
		.replaceAll(person.home, '/home/alice')
		.replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
		.replace(/-NL \d+/g, '-NL PORT')
		.replace(/\/[\w-]{8}\/\?token=[\w-]+/g, '/PATH/?token=TOKEN')
		.replace(/(gpubox-test\/\w+):[0-9a-f]+/g, '$1:TAG')
		.replace(/^( {2}GPUs +)[0-9a-f]{8}$/gm, '$1UUID');
}

/** The team's project, where git looks for what `url` stands for. */
async function publish(person: Person, url: string): Promise<void> {
	const work = join(person.home, '..', 'team');
	const published = join(person.home, '..', 'published.git');
	const git = async (...words: string[]) => {
		const {code, stderr} = await person.run('git', words, {cwd: work});
		assert.equal(code, 0, stderr);
	};
	await writeFile(
		join(person.home, '.gitconfig'),
		`[user]\n\tname = Team\n\temail = team@example.com\n[url "${published}"]\n\tinsteadOf = ${url}\n`,
	);
	const {code} = await person.run('mkdir', [work]);
	assert.equal(code, 0);
	await writeFile(join(work, 'gpubox.yaml'), `image: ${host.images.jupyter}\nservices: [jupyter]\ngpus: 1\n`);
	await git('init', '--quiet');
	await git('add', '.');
	await git('commit', '--quiet', '--message', 'Agree on an environment');
	await git('clone', '--quiet', '--bare', '.', published);
}

describe('the first morning', {skip: needsOwnEngine}, () => {
	let person: Person;
	let machine: BareMachine;
	let gpubox: (words: string[]) => Promise<string>;
	let terminal: Terminal;
	let transcript = '';

	before(async () => {
		person = await makePerson(host, 'alice');
		const executable = await buildExecutable();
		// As it arrives: nothing says yet that it may be run.
		await copyFile(executable, join(person.home, 'gpubox-linux-x64'));
		machine = await makeBareMachine(host, person, executable);
		gpubox = async (words) => {
			const [file = '', ...rest] = [...machine.on(), join(person.home, '.local/bin/gpubox'), ...words];
			return (await person.run(file, rest)).stdout;
		};
		const options = ['--interactive', '--tty', '--env', 'SSH_CONNECTION=192.0.2.7 50312 192.0.2.1 22'];
		// The number tells when a command is over.
		options.push('--env', String.raw`PS1=[\#] \u@\h:\w\$ `);
		const program = [...machine.on(options), 'bash', '--norc'];
		terminal = openTerminal(host, person, [], {program, columns: 120, rows: 40});
	});
	after(async () => {
		await machine.stop();
		await docker
			.getContainer(`gpubox-${box}`)
			.remove({force: true})
			.catch(() => {});
		await person.remove();
	});

	let prompts = 1;
	const promptIsBack = () => {
		const prompt = new RegExp(`^\\[${prompts}\\] alice@workstation:\\S+\\$$`);
		return terminal.waitFor((screen) => prompt.test(screen.split('\n').at(-1) ?? ''), {seconds: 90});
	};
	const begin = (line: string) => {
		// First an empty screen.
		terminal.write(`\f${line}\r`);
		prompts++;
	};
	/** Waits for the end of what was typed and adds what stands on the screen, but for the new prompt, to the transcript. */
	const keep = async (): Promise<string> => {
		const screen = await promptIsBack();
		const lines = screen.split('\n').slice(0, -1).join('\n');
		transcript += `${mask(lines, person)}\n`;
		return lines;
	};
	const type = (line: string) => {
		begin(line);
		return keep();
	};
	const answers = async (address: string): Promise<number> => (await fetch(address)).status;

	test('what the readme says leads from the executable and a clone to a notebook on a GPU, and to the next day', async () => {
		await promptIsBack();
		const [, executable = []] = blocksBelow('Install');
		assert.match(executable.join('\n'), /^install .*\nexport PATH=/);
		for (const line of executable) {
			await type(line);
		}

		const [[clone = '', ...morning] = []] = blocksBelow('The first morning');
		const [, url = '', folder = ''] = /^git clone (\S+) && cd (\S+)$/.exec(clone) ?? [];
		await publish(person, url);
		// The machine has no git; the clone is there.
		const cloned = await person.run('git', ['clone', url], {cwd: person.home});
		assert.equal(cloned.code, 0, cloned.stderr);
		await type(`cd ${folder}`);

		assert.deepEqual(morning, ['gpubox up', 'gpubox', `gpubox attach ${box}`, `gpubox stop ${box}`, 'gpubox up']);
		const [up = '', session = '', attach = '', stop = '', again = ''] = morning;

		const told = await type(up);
		const [address = ''] = /http:\S+/.exec(told) ?? [];
		assert.notEqual(address, '', told);
		assert.equal(await answers(address), 200);
		assert.equal(await answers(address.replace('?', 'api/status?')), 200);
		assert.equal(await answers(address.replace(/\?.*/, 'api/status')), 403);
		assert.match(await gpubox(['attach', box, '--', 'nvidia-smi', '-L']), /^GPU 0: .*\n$/);

		begin(session);
		await terminal.waitFor(/▸● alice-vision/);
		await terminal.waitFor(/RTX A6000.*\d%.* alice-vision/);
		terminal.write('q');
		await promptIsBack();

		begin(attach);
		await terminal.waitFor(/alice@vision:\/workspace\$$/);
		terminal.write('exit\r');
		await keep();

		await type(stop);
		await assert.rejects(answers(address));

		assert.ok((await type(again)).includes(address));
		assert.equal(await answers(address), 200);

		assertScreen(fixtures, 'first-morning', transcript.trimEnd());
		terminal.write('exit\r');
		assert.equal((await terminal.exited).exitCode, 0);
	});
});
