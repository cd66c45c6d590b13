import assert from 'node:assert/strict';
import {test} from 'node:test';
import {toShellLine} from '../../source/commands/ssh.ts';

test('one word is a line for the shell over there, several are a command and its arguments', () => {
	assert.equal(toShellLine(['cd data && ls']), 'cd data && ls');
	assert.equal(toShellLine(['python3', '-c', "print('$HOME')"]), `python3 -c 'print('\\''$HOME'\\'')'`);
	assert.equal(toShellLine(['ls', '']), "ls ''");
});
