import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {chmod, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {dockerOf, makePerson, openTerminal, type Person, testHost} from '../_helpers/test-host/index.ts';

const host = testHost();

/** How each shell is started bare, and what it is told. */
const shells = {
	bash: {start: ['bash', '--norc', '--noprofile', '-i'], setUp: "PS1='> '; source <(gpubox completion bash)"},
	zsh: {
		start: ['zsh', '-f', '-i'],
		setUp: "PS1='> '; autoload -Uz compinit && compinit -D; source <(gpubox completion zsh)",
	},
	fish: {
		start: ['fish', '--no-config', '--interactive'],
		setUp: "function fish_prompt; echo '> '; end; gpubox completion fish | source",
	},
};

let person: Person;
let remove: () => Promise<void>;

before(async () => {
	person = await makePerson(host, 'typist');
	const bin = join(person.home, 'bin');
	await mkdir(bin);
	await writeFile(join(bin, 'gpubox'), `#!/bin/sh\nexec '${host.program.node}' '${host.program.cli}' "$@"\n`);
	await chmod(join(bin, 'gpubox'), 0o755);
	person.environment.PATH = `${bin}:${person.environment.PATH}`;
	const container = await dockerOf(host).createContainer({
		Image: host.images.bare,
		name: 'gpubox-typist-halted',
		Labels: {'gpubox.name': 'typist-halted', 'gpubox.owner': 'typist', 'gpubox.services': 'jupyter', 'gpubox.gpus': ''},
	});
	remove = () => container.remove({force: true});
});

after(async () => {
	await remove?.();
	await person?.remove();
});

for (const [shell, {start, setUp}] of Object.entries(shells)) {
	const skip = isHere(shell) ? false : `${shell} is not installed`;
	describe(`Tab in ${shell}`, {skip}, () => {
		const complete = async (typed: string, wish: RegExp) => {
			const terminal = openTerminal(host, person, [], {program: start});
			await terminal.waitFor(/\S/);
			terminal.write(`${setUp} && echo set'-'up\r`);
			await terminal.waitFor('set-up\n');
			terminal.write(`${typed}\t`);
			const screen = await terminal.waitFor(wish);
			terminal.kill('SIGKILL');
			return screen;
		};

		test('finishes a verb', async () => {
			await complete('gpubox compl', /^> gpubox completion$/m);
		});

		test('finishes the name of a box', async () => {
			await complete('gpubox start typist-h', /gpubox start typist-halted/);
		});

		test('finishes an image past its colon', async () => {
			await complete(
				'gpubox pull pytorch/pytorch:2.0.1-cuda11.7-cudnn8-r',
				/gpubox pull pytorch\/pytorch:2\.0\.1-cuda11\.7-cudnn8-runtime/,
			);
		});

		test('finishes a value behind =', async () => {
			await complete('gpubox up --gpus=no', /gpubox up --gpus=none/);
		});

		test('finishes a folder', async () => {
			await mkdir(join(person.project, 'experiments'), {recursive: true});
			await complete('gpubox up exper', /gpubox up experiments\//);
		});
	});
}

test('without an engine there are no boxes, and nothing is said', async () => {
	const env = {DOCKER_HOST: 'unix:///nowhere/docker.sock'};
	const {stdout, stderr, code} = await person.runGpubox(['__complete', '--', 'stop', ''], {env});
	assert.deepEqual({stdout, stderr, code}, {stdout: 'words\n', stderr: '', code: 0});
});

test('a box that runs is not offered to start, one that does not is not offered to stop', async () => {
	const offered = async (verb: string) => (await person.runGpubox(['__complete', '--', verb, 'typist-'])).stdout;
	assert.match(await offered('start'), /^typist-halted\t/m);
	assert.doesNotMatch(await offered('stop'), /typist-halted/);
});

function isHere(program: string): boolean {
	try {
		execFileSync('/bin/sh', ['-c', `command -v ${program}`]);
		return true;
	} catch {
		return false;
	}
}
