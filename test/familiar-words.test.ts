import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {adviceForCommand, adviceForOption} from '../source/familiar-words.ts';
import {makeProgram} from '../source/program.ts';

const program = makeProgram();
const optionsOf = (verb: string) => {
	const command = program.commands.find((each) => each.name() === verb);
	assert.ok(command, verb);
	return [...command.options, ...program.options].flatMap(({short, long}) => [short, long]);
};

describe("docker's options that gpubox does not have", () => {
	const typed: Array<[verb: string, option: string, named: RegExp]> = [
		['run', '--rm', /always removed/],
		['run', '-it', /gpubox attach/],
		['run', '-dit', /gpubox attach/],
		['run', '--tty', /gpubox attach/],
		['run', '-p', /gpubox up/],
		['run', '-w', /folder that you are in/],
		['run', '--volume', /--mount, or -v/],
		['run', '--env-file', /--secret-env/],
		['up', '-d', /always runs in the background/],
		['up', '-p', /--port PORT/],
		['up', '--ipc=host', /--shm-size/],
		['up', '--ulimit', /by itself/],
		['up', '--network=host', /--dry-run/],
		['up', '--privileged', /no rights over the host/],
		['up', '-u', /--sudo/],
		['ls', '-a', /anyway/],
		['ls', '-q', /--json/],
		['rm', '-f', /-y/],
		['stop', '--all', /gpubox ls/],
		['ls', '-o', /--json/],
		['gpus', '--format=json', /--json/],
		['up', '--token', /gpubox open --print/],
		['attach', '-u', /gpubox up --sudo/],
	];
	for (const [verb, option, named] of typed) {
		test(`${verb} ${option}`, () => {
			const advice = adviceForOption(verb, option) ?? '';
			assert.match(advice, named);
			assert.ok(!optionsOf(verb).includes(option), 'it is advised against although it is known');
			for (const [, of, first, second] of advice.matchAll(/(?:gpubox ([a-z]+) )?(--[a-z-]+)|(?<= )(-[a-z])(?=\b)/g)) {
				const named = first ?? second;
				// Of sh and jq.
				if (named !== '-c' && named !== '-r') {
					assert.ok(optionsOf(of ?? verb).includes(named), `${named} of ${of ?? verb}`);
				}
			}
		});
	}

	test('options of ssh are for ssh itself', () => {
		assert.match(adviceForOption('ssh', '-L') ?? '', /^Your own ssh/);
		assert.equal(adviceForOption('ssh', '--no-such'), undefined);
	});

	test('--json is named where a verb has it', () => {
		const advised = program.commands.filter((command) => adviceForOption(command.name(), '--output') !== undefined);
		assert.ok(advised.length > 5);
		for (const command of advised) {
			assert.ok(optionsOf(command.name()).includes('--json'), command.name());
			assert.ok(!optionsOf(command.name()).includes('-o'), command.name());
		}
	});

	test('what docker does not know, and what is of another verb, is left to the usual words', () => {
		assert.equal(adviceForOption('run', '--no-such-option'), undefined);
		assert.equal(adviceForOption('gpus', '--rm'), undefined);
		assert.equal(adviceForOption('gpus', '--network'), undefined);
	});
});

test('commands of other tools are answered with those of gpubox', () => {
	const typed =
		'build compose cp create info inspect kill port prune stats bash code jupyter remove nvidia-smi python jobs squeue version';
	for (const command of typed.split(' ')) {
		const advice = adviceForCommand(command) ?? '';
		assert.notEqual(advice, '', command);
		assert.ok(!program.commands.some((each) => [each.name(), ...each.aliases()].includes(command)), command);
		for (const [, verb] of advice.matchAll(/gpubox ([a-z]+)/g)) {
			assert.ok(verb === 'itself' || program.commands.some((each) => each.name() === verb), advice);
		}
	}

	assert.equal(adviceForCommand('constructor'), undefined);
});

test('the short names of docker stand for the same here', () => {
	for (const verb of ['up', 'run', 'export']) {
		const command = program.commands.find((each) => each.name() === verb);
		for (const [short, long] of Object.entries({
			'-e': '--env',
			'-m': '--memory',
			...(verb === 'export' ? {} : {'-v': '--mount'}),
		})) {
			assert.equal(command?.options.find((option) => option.short === short)?.long, long, verb);
		}
	}
});
