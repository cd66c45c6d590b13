import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {test} from 'node:test';
import {withSignals} from '../../source/commands/follow-there.ts';
import {makeProgram} from '../../source/program.ts';
import {wordsOf} from '../../source/verb.ts';

// A program as gpubox is: in Node, where a signal that the shell ignores can be taken.
const program = `for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {console.log(name); process.exit(7);});
setTimeout(() => process.exit(1), 20000); console.log('ready');`;

async function runWith(act: (stdin: NodeJS.WritableStream) => void): Promise<{output: string; code: number | null}> {
	const command = `exec '${process.execPath}' -e "${program.replaceAll('\n', ' ')}"`;
	const child = spawn('sh', ['-c', withSignals(command)], {stdio: ['pipe', 'pipe', 'inherit']});
	let output = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		output += text;
		if (text.includes('ready')) {
			act(child.stdin);
		}
	});
	const [code] = (await once(child, 'close')) as [number | null];
	return {output, code};
}

test('a signal as a line reaches the command, whose exit code comes back', async () => {
	for (const name of ['INT', 'TERM']) {
		assert.deepEqual(await runWith((stdin) => stdin.write(`${name}\n`)), {output: `ready\nSIG${name}\n`, code: 7});
	}
});

test('a connection that is lost is a hang-up', async () => {
	assert.deepEqual(await runWith((stdin) => stdin.end()), {output: 'ready\nSIGHUP\n', code: 7});
});

test('a command line is written again from what was read of it', () => {
	const words = (...line: string[]) => {
		const program_ = makeProgram();
		const [name] = line;
		const command = program_.commands.find((each) => each.name() === name);
		assert.ok(command);
		command.action(() => {});
		program_.parse(line, {from: 'user'});
		return wordsOf(command, ['on', 'sync', 'yes']);
	};
	assert.deepEqual(
		words(
			'run',
			'--on',
			'gpu2',
			'--gpus',
			'2',
			'--env',
			'A=-1',
			'--env=B= x',
			'-d',
			'--sync',
			'--',
			'python',
			'--lr',
			"it's",
		),
		['run', '--detach', '--gpus=2', '--env=A=-1', '--env=B= x', '--', 'python', '--lr', "it's"],
	);
	assert.deepEqual(words('up', '--no-wait', '--port', '8888', '-y'), ['up', '--port=8888', '--no-wait', '--', '.']);
	assert.deepEqual(words('up', '--wait', 'sub'), ['up', '--wait', '--', 'sub']);
});
