import assert from 'node:assert/strict';
import {test} from 'node:test';
import {forEachBox} from '../../../source/app/boxes/for-each-box.ts';
import {makeFrozenHost} from '../../_helpers/demo.ts';
import {makeBox} from '../../_helpers/make-box.ts';

test('a box that came into use while the one before it was stopped is left as it is, and told', async (t) => {
	const host = await makeFrozenHost();
	const written: string[] = [];
	const keep = (text: string | Uint8Array) => {
		written.push(String(text));
		return true;
	};
	t.mock.method(process.stdout, 'write', keep);
	t.mock.method(process.stderr, 'write', keep);
	const stopped: string[] = [];
	await forEachBox(
		host,
		['a', 'b', 'c'].map((name) => makeBox({id: name, name})),
		new AbortController().signal,
		async ({name}) => {
			stopped.push(name);
		},
		{stillDue: async ({name}) => name !== 'b'},
	);
	t.mock.restoreAll();
	assert.deepEqual(stopped, ['a', 'c']);
	assert.deepEqual(written, ['a\n', 'b has come into use, and is left as it is.\n', 'c\n']);
});
