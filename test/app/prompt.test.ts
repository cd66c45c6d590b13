import assert from 'node:assert/strict';
import {PassThrough} from 'node:stream';
import {test} from 'node:test';
import {askHidden, confirm, openPrompt} from '../../source/app/prompt.ts';
import {exitCode, Failure} from '../../source/base/failure.ts';

function typed(text = '') {
	const input = new PassThrough();
	const output = new PassThrough();
	input.write(text);
	return {input, output, shown: () => String(output.read() ?? '')};
}

const {signal} = new AbortController();

test('asks until the answer will do; an empty line is the fallback', async () => {
	const {input, output} = typed();
	const lines = ['many', ''];
	let shown = '';
	output.on('data', (piece) => {
		shown += piece;
		if (String(piece).startsWith('How many?')) {
			input.write(`${lines.shift()}\n`);
		}
	});
	const prompt = openPrompt(signal, {input, output});
	const answer = await prompt.text('How many?', '1', (text) => (/^\d$/.test(text) ? undefined : 'A digit.'));
	prompt.close();
	assert.equal(answer, '1');
	assert.equal(shown, 'How many? [1]   A digit.\nHow many? [1] ');
});

test('a yes is y or yes; an empty line means what the brackets show', async () => {
	const confirmed = async (line: string, fallback?: 'yes' | 'no') => {
		const streams = typed(`${line}\n`);
		const prompt = openPrompt(signal, streams);
		const answer = await prompt.confirm('Sure?', fallback);
		prompt.close();
		return [answer, streams.shown()];
	};

	assert.deepEqual(await confirmed('', 'yes'), [true, 'Sure? [Y/n] ']);
	assert.deepEqual(await confirmed('', 'no'), [false, 'Sure? [y/N] ']);
	assert.deepEqual(await confirmed(' YES '), [true, 'Sure? [y/N] ']);
	assert.deepEqual(await confirmed('yesterday', 'yes'), [false, 'Sure? [Y/n] ']);
	assert.equal(await confirm('Sure?', signal, typed('y\n')), true);
});

test('a hidden answer stays as it was typed, and is not shown', async () => {
	const streams = typed(' a b \n');
	assert.equal(await askHidden('Secret: ', signal, streams), ' a b ');
	assert.equal(streams.shown(), 'Secret: \n');
});

test('the end of the input is told from an interruption', async () => {
	const streams = typed();
	const answer = confirm('Sure?', signal, streams);
	streams.input.end();
	await assert.rejects(answer, (error) => error instanceof Failure && error.exitCode === exitCode.interrupted);
	const aborter = new AbortController();
	const hidden = askHidden('Secret: ', aborter.signal, typed());
	aborter.abort(new Error('enough'));
	await assert.rejects(hidden, {name: 'AbortError'});
});
