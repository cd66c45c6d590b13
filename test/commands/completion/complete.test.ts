import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {complete} from '../../../source/commands/completion/complete.ts';
import {makeProgram} from '../../../source/program.ts';

/** @param line as typed, up to the cursor */
function at(line: string) {
	return complete(makeProgram(), line.split(' ').slice(1));
}

const valuesAt = (line: string) => at(line).candidates.map(({value}) => value);

describe('what can stand at the cursor', () => {
	test('first a verb, and nothing that is hidden', () => {
		const verbs = valuesAt('gpubox ');
		for (const command of makeProgram().commands) {
			assert.equal(verbs.includes(command.name()), !command.name().startsWith('_'), command.name());
		}
	});

	test("a verb's own options after it, the program's before it", () => {
		assert.ok(valuesAt('gpubox up --i').includes('--image'));
		assert.ok(valuesAt('gpubox up -').includes('--no-wait'));
		assert.ok(!valuesAt('gpubox ls --').includes('--image'));
		assert.ok(valuesAt('gpubox -').includes('--host'));
	});

	test('boxes that the verb can be used on', () => {
		for (const verb of ['stop', 'start', 'rm', 'logs', 'attach', 'ssh', 'open', 'kernels']) {
			assert.deepEqual(at(`gpubox ${verb} `).look, {kind: 'boxes', verb}, verb);
		}

		assert.deepEqual(at('gpubox logs -f --tail 10 ').look, {kind: 'boxes', verb: 'logs'});
		assert.deepEqual(at('gpubox exec ').look, {kind: 'boxes', verb: 'attach'});
		assert.deepEqual(at('gpubox check ').look, {kind: 'boxes-and-images'});
	});

	test('several of them where the verb takes several, but none twice', () => {
		const {look, given} = at('gpubox stop one two ');
		assert.deepEqual(look, {kind: 'boxes', verb: 'stop'});
		assert.deepEqual(given, ['one', 'two']);
		assert.equal(at('gpubox logs one ').look, undefined);
	});

	test('images, folders, settings, choices', () => {
		assert.deepEqual(at('gpubox pull pyt').look, {kind: 'images'});
		assert.deepEqual(at('gpubox up --image ').look, {kind: 'images'});
		assert.equal(at('gpubox up ').paths, 'folders');
		assert.equal(at('gpubox up --mount ').paths, 'folders');
		assert.deepEqual(at('gpubox config ').look, {kind: 'settings'});
		assert.deepEqual(valuesAt('gpubox completion '), ['bash', 'zsh', 'fish']);
		assert.deepEqual(valuesAt('gpubox up --gpus '), ['auto', 'none', 'all']);
	});

	test('a made-up host by its name, or a file', () => {
		assert.ok(valuesAt('gpubox demo --scenario ').includes('mixed-cards'));
		assert.equal(at('gpubox demo --scenario mix').paths, undefined);
		assert.equal(at('gpubox demo --scenario ./our').paths, 'files');
	});

	test('a value behind = keeps what is before it', () => {
		assert.deepEqual(valuesAt('gpubox up --gpus='), ['--gpus=auto', '--gpus=none', '--gpus=all']);
		const {look, prefix} = at('gpubox up --image=pyt');
		assert.deepEqual([look, prefix], [{kind: 'images'}, '--image=']);
	});

	test('nothing for the value of an option that could be anything', () => {
		assert.deepEqual(at('gpubox up --name ').candidates, []);
		assert.equal(at('gpubox up --name ').look, undefined);
	});

	test("nothing of gpubox's inside the command for a box, or after a verb that is none", () => {
		for (const line of ['gpubox attach box -- ls -', 'gpubox attach box ', 'gpubox nosuch ']) {
			const {candidates, look, paths} = at(line);
			assert.deepEqual([candidates, look, paths], [[], undefined, undefined], line);
		}
	});

	test('the host asked is the one of the line', () => {
		assert.equal(at('gpubox --host lab stop ').host, 'lab');
		assert.equal(at('gpubox --host=lab stop ').host, 'lab');
		assert.deepEqual(at('gpubox --host ').look, {kind: 'hosts'});
		const on = at('gpubox run --on ');
		assert.deepEqual(on.look, {kind: 'hosts'});
		assert.ok(on.candidates.some(({value}) => value === 'any'));
		assert.deepEqual(at('gpubox hosts ').look, {kind: 'hosts'});
	});
});
