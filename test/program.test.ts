import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {asDockerExec, asDockerRun, asPlainConfig, calledVerb, makeProgram} from '../source/program.ts';

const program = makeProgram();
/** The verb that a name leads to. */
const verbOf = (name: string) =>
	program.commands.find((command) => [command.name(), ...command.aliases()].includes(name))?.name();

describe('names that other tools have', () => {
	test('lead to the verb that does the same', () => {
		const found = ['ps', 'list', 'status', 'exec', 'shell', 'down', 'top'].map((name) => [name, verbOf(name)]);
		assert.deepEqual(found, [
			['ps', 'ls'],
			['list', 'ls'],
			['status', 'ls'],
			['exec', 'attach'],
			['shell', 'attach'],
			['down', 'stop'],
			['top', 'gpus'],
		]);
	});

	test('are each known once, and named in the help', () => {
		const names = program.commands.flatMap((command) => [command.name(), ...command.aliases()]);
		assert.equal(new Set(names).size, names.length);
		let help = '';
		program.configureOutput({writeOut: (text) => (help += text)}).outputHelp();
		const [, part = ''] = /^Other names:\n((?: {2}.*\n)+)/m.exec(help) ?? [];
		for (const name of program.commands.flatMap((command) => command.aliases())) {
			assert.ok(part.split(/[\s,]+/).includes(name), name);
		}

		assert.match(help, /^ {2}ls +list boxes$/m, 'the list has each verb under its own name');
	});

	test('what follows the box of exec belongs to the command there', () => {
		const words = (line: string) =>
			asDockerExec(['node', 'gpubox', ...line.split(' ')])
				.slice(2)
				.join(' ');
		assert.equal(words('exec box ls -la'), 'exec box -- ls -la');
		assert.equal(words('exec -it box bash -l'), 'exec -it box -- bash -l');
		assert.equal(words('--host lab exec box ls'), '--host lab exec box -- ls');
		assert.equal(words('exec box -- ls -la'), 'exec box -- ls -la');
		assert.equal(words('exec -- box ls'), 'exec -- box ls');
		assert.equal(words('exec box'), 'exec box --');
		assert.equal(words('attach box ls'), 'attach box ls');
		assert.equal(words('logs exec -f'), 'logs exec -f');
	});
});

test('config takes get, set, unset and list as git and npm do', () => {
	for (const [typed, meant] of [
		['config set gpus 2', 'config gpus 2'],
		['config get gpus --json', 'config gpus --json'],
		['config unset gpus', 'config gpus --unset'],
		['--host lab config list', '--host lab config'],
		['config gpus set', 'config gpus set'],
		['config', 'config'],
		['run config set', 'run config set'],
	]) {
		assert.equal(
			asPlainConfig(['node', 'gpubox', ...(typed ?? '').split(' ')])
				.slice(2)
				.join(' '),
			meant,
		);
	}
});

test('a verb that is called by its name is declared alone, as it is among all', () => {
	const called = (line: string) => calledVerb(['node', 'gpubox', ...line.split(' ')]);
	assert.deepEqual(['run -- true', '--host lab ls', '--host=lab ls', 'ps', 'exec box ls', 'export slurm'].map(called), [
		'run',
		'ls',
		'ls',
		'ls',
		'attach',
		'export',
	]);
	assert.equal(called('--read-only --host lab demo'), 'demo');
	assert.deepEqual(
		['--help run', 'help run', 'rnu', '__complete run', '--version', '--host run', ''].map(called),
		Array.from({length: 7}),
	);
	for (const command of program.commands.filter((each) => !each.name().startsWith('_'))) {
		const alone = makeProgram(command.name()).commands.find((each) => each.name() === command.name());
		assert.equal(alone?.helpInformation(), command.helpInformation());
		assert.deepEqual(alone?.aliases(), command.aliases());
	}
});

test('run takes what follows the first word of its command as docker run does', () => {
	const program = makeProgram('run');
	const take = (line: string) =>
		asDockerRun(['node', 'gpubox', ...line.split(' ')], program)
			.slice(2)
			.join(' ');
	for (const [typed, meant] of [
		['run python train.py --gpus 2', 'run -- python train.py --gpus 2'],
		['run --gpus 2 -d train.ipynb -p lr=1', 'run --gpus 2 -d -- train.ipynb -p lr=1'],
		['--host x run --env A=1 --memory=1g sh -c exit', '--host x run --env A=1 --memory=1g -- sh -c exit'],
		['run --host x true', 'run --host x -- true'],
		['run --gpus 2 -- true --json', 'run --gpus 2 -- true --json'],
		// What commander complains of.
		['run --no-such-option true', 'run --no-such-option true'],
		['run --gpus', 'run --gpus'],
		['runs show 3', 'runs show 3'],
	]) {
		assert.equal(take(typed ?? ''), meant);
	}
});

test('no help is wider than a terminal of 80 columns', () => {
	for (const command of [program, ...program.commands.filter((each) => !each.name().startsWith('_'))]) {
		let whole = '';
		command.configureOutput({writeOut: (part) => (whole += part), getOutHelpWidth: () => 80});
		command.outputHelp();
		assert.deepEqual(
			whole.split('\n').filter((line) => line.length > 80),
			[],
			command.name(),
		);
	}
});
