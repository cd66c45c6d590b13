import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import {chmod, copyFile, readdir} from 'node:fs/promises';
import {delimiter, dirname, join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {type BareMachine, buildExecutable, makeBareMachine} from '../_helpers/test-host/bare-machine.ts';
import {command} from '../_helpers/test-host/command.ts';
import {
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	type Result,
	testHost,
} from '../_helpers/test-host/index.ts';

// gpubox in one file, on a machine that has no Node.

const host = testHost();
const root = fileURLToPath(new URL('../..', import.meta.url));
const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {version: string};

describe('the executable', {skip: needsOwnEngine}, () => {
	let person: Person;
	let machine: BareMachine;
	let gpubox: string;

	before(async () => {
		person = await makePerson(host, 'alice');
		const executable = await buildExecutable();
		machine = await makeBareMachine(host, person, executable);
		gpubox = join(person.home, 'gpubox');
		await copyFile(executable, gpubox);
		await chmod(gpubox, 0o755);
	});
	after(async () => {
		await machine.stop();
		await person.remove();
	});

	const run = (words: string[], options: string[] = []): Promise<Result> => {
		const [file = '', ...rest] = [...machine.on(options), ...words];
		return person.run(file, rest);
	};

	test('there is no Node here', async () => {
		const {code} = await run(['sh', '-c', 'command -v node || command -v nodejs']);
		assert.notEqual(code, 0);
	});

	for (const call of [['--version'], ['--help'], ['up', '--help'], ['completion', 'bash']]) {
		test(`${call.join(' ')} says what it says everywhere, and nothing else`, async () => {
			const {stdout, stderr, code} = await run([gpubox, ...call]);
			assert.deepEqual([stderr, code], ['', 0]);
			assert.equal(stdout, (await person.runGpubox(call)).stdout);
			assert.notEqual(stdout, '');
		});
	}

	test("--licenses prints those of all that is in it, Node's own too, where there is nothing but this file", async () => {
		const {stdout, stderr, code} = await run([gpubox, '--licenses']);
		assert.deepEqual([stderr, code], ['', 0]);
		const notices = readFileSync(join(root, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
		assert.ok(notices.length > 10_000 && stdout.startsWith(notices));
		const license = readFileSync(join(root, `node_modules/node-${process.platform}-${process.arch}/LICENSE`), 'utf8');
		assert.ok(license.length > 10_000 && stdout.endsWith(license));
		const made = join(root, `dist-bin/gpubox-${process.platform}-${process.arch}`);
		assert.equal(readFileSync(`${made}.THIRD-PARTY-NOTICES.txt`, 'utf8'), stdout);
		const sbom = JSON.parse(readFileSync(`${made}.SBOM.cdx.json`, 'utf8')) as {components: Array<{name: string}>};
		assert.deepEqual(sbom.components.at(-1)?.name, 'node');
	});

	test('gpus reads the driver, ls the engine', async () => {
		const gpus = await run([gpubox, 'gpus', '--json']);
		assert.equal(gpus.stderr, '');
		assert.equal((JSON.parse(gpus.stdout) as {gpus: unknown[]}).gpus.length, host.own?.gpus.length);
		const ls = await run([gpubox, 'ls', '--json']);
		assert.equal(ls.stderr, '');
		assert.deepEqual(JSON.parse(ls.stdout), JSON.parse((await person.runGpubox(['ls', '--json'])).stdout));
	});

	test('a failure has its text and its code', async () => {
		const {stdout, stderr, code} = await run([gpubox, 'ls'], ['--env', 'DOCKER_HOST=unix:///nowhere.sock']);
		assert.deepEqual([stdout, code], ['', 3]);
		assert.match(stderr, /^gpubox: No Docker Engine answers at unix:\/\/\/nowhere\.sock\.\n {2}→ .*\n$/);
	});

	test('demo plays its nvidia-smi without Node', async () => {
		const {stdout, stderr, code} = await run([gpubox, 'demo']);
		assert.deepEqual([stderr, code], ['', 0]);
		assert.match(stdout, /DEMO/);
		assert.equal(stdout.match(/NVIDIA H100/g)?.length, 8);
	});

	test('the session in a terminal: figures, an action, a screen that is loaded late', async () => {
		const program = [...machine.on(['--interactive', '--tty']), gpubox];
		const terminal = openTerminal(host, person, ['demo'], {program, columns: 100, rows: 30});
		await terminal.waitFor(/H100.*\d+%/);
		await terminal.waitFor(/dora-eda [^\n]*following[\s\S]*ServerApp/);
		terminal.write('?');
		await terminal.waitFor('Boxes and screens');
		terminal.write('\u001B');
		await terminal.waitFor('alice-llm-train');
		terminal.write('q');
		assert.equal((await terminal.exited).exitCode, 0);
		assert.doesNotMatch(terminal.raw(), /Warning/);
	});

	test('works without a home, on a disk that nothing can be written to', async () => {
		const {stdout, stderr, code} = await run(
			['env', '--unset=HOME', gpubox, 'gpus', '--json'],
			['--read-only', '--volume', `${person.home}:${person.home}:ro`],
		);
		assert.deepEqual([stderr, code], ['', 0]);
		assert.equal((JSON.parse(stdout) as {gpus: unknown[]}).gpus.length, host.own?.gpus.length);
	});

	test('what is to be run later by itself is the executable alone', async () => {
		const {stdout} = await run([gpubox, 'reap', '--install', '--grace', '1h']);
		assert.match(stdout, /crontab/);
		// Before it stands only what of the environment the run needs.
		const [line = ''] = stdout.split('\n').filter((each) => each.startsWith('*/5'));
		const words = line
			.split(' ')
			.slice(5)
			.filter((word) => !/^\w+=/.test(word));
		assert.deepEqual(words, [gpubox, 'reap', '--grace', '1h']);
	});
});

test('the package: npm install -g brings gpubox and its man page, and asks no registry for anything', async () => {
	const person = await makePerson(host);
	const prefix = join(person.home, 'npm');
	const npm = (...words: string[]) =>
		command('npm', [...words, '--cache', join(person.home, 'cache'), '--offline'], {cwd: root});
	try {
		const packed = await npm('pack', '--silent', '--ignore-scripts', '--pack-destination', person.home);
		await npm('install', '--global', '--prefix', prefix, join(person.home, packed.trim()));
		const installed = join(prefix, 'lib/node_modules');
		assert.deepEqual(await readdir(installed), ['gpubox']);
		assert.ok(!existsSync(join(installed, 'gpubox/node_modules')));
		const notices = readFileSync(join(installed, 'gpubox/dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
		assert.match(notices, /^ink [\d.]+ \(MIT\)$/m);
		assert.equal(
			readFileSync(join(prefix, 'share/man/man1/gpubox.1'), 'utf8'),
			readFileSync(join(root, 'man/gpubox.1'), 'utf8'),
		);

		const PATH = [join(prefix, 'bin'), dirname(host.program.node), person.environment.PATH].join(delimiter);
		const run = (...words: string[]) => person.run('gpubox', words, {env: {PATH}});
		const told = await run('--version');
		assert.deepEqual([told.stderr, told.code], ['', 0]);
		assert.equal(told.stdout.split('\n')[0], version);
		assert.match(
			told.stdout,
			/\ncommit ([0-9a-f]{12} of \d{4}-\d\d-\d\d(, with changes that are not committed)?|unknown: built without git)\nbuild [0-9a-f]{12}\n$/,
		);
		const sbom = JSON.parse(readFileSync(join(installed, 'gpubox/dist/SBOM.cdx.json'), 'utf8')) as {
			metadata: {component: {version: string}};
		};
		assert.equal(sbom.metadata.component.version, version);
		assert.match(readFileSync(join(installed, 'gpubox/changelog.md'), 'utf8'), /^# Changelog\n/);
		const demo = await run('demo');
		assert.deepEqual([demo.stderr, demo.code], ['', 0]);
		assert.match(demo.stdout, /NVIDIA H100/);
		assert.equal((await run('completion', 'zsh')).code, 0);
		assert.equal((await run('--licenses')).stdout, notices);
	} finally {
		await person.remove();
	}
});
