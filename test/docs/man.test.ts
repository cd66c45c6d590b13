import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {makeProgram} from '../../source/program.ts';
import {manPage, manPath} from '../../tools/man.ts';

test('the man page is the one made of the verbs (npm run man)', () => {
	assert.equal(readFileSync(manPath, 'utf8'), manPage());
});

test('it has every verb with every option', () => {
	const plain = manPage().replaceAll('\\-', '-');
	for (const command of makeProgram().commands.filter((verb) => !verb.name().startsWith('_'))) {
		assert.ok(plain.includes(`.SS gpubox ${command.name()}`), command.name());
		for (const {long} of command.options.filter(({hidden}) => !hidden)) {
			assert.ok(long && plain.includes(long), `${command.name()} ${long}`);
		}

		for (const alias of command.aliases()) {
			assert.match(plain, new RegExp(`^Also: (.*, )?${alias}\\b`, 'm'), alias);
		}
	}
});

const hasMan = spawnSync('man', ['--version']).status === 0;

test('man shows it without a complaint', {skip: hasMan ? false : 'man is not installed'}, () => {
	const {stdout, stderr, status} = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', manPath], {
		encoding: 'utf8',
		env: {...process.env, MANPAGER: 'cat', MANWIDTH: '100'},
	});
	assert.deepEqual([status, stderr], [0, '']);
	assert.match(stdout, /gpubox up --jupyter --gpus 2 --mount \/data:\/data:ro/);
});
