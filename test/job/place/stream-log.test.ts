import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {LogChunk} from '../../../source/engine/engine.ts';
import {readStreamedLog} from '../../../source/job/place/stream-log.ts';

const chunk = (stream: LogChunk['stream'], text: string): LogChunk => ({stream, data: Buffer.from(text)});

test('a log is read once, in whatever order its two streams come when it is read again', async () => {
	const over = new AbortController();
	let opened = 0;
	const open = async function* (follow: boolean): AsyncGenerator<LogChunk> {
		opened += 1;
		if (follow) {
			yield chunk('stdout', 'one\n');
			yield chunk('stderr', 'oops\n');
			over.abort();
		} else {
			yield chunk('stderr', 'oops\nlast\n');
			yield chunk('stdout', 'one\ntwo\n');
		}
	};
	const got: string[] = [];
	for await (const {stream, data} of readStreamedLog(open, {
		from: 0,
		over: over.signal,
		signal: AbortSignal.timeout(20_000),
	})) {
		got.push(`${stream} ${Buffer.from(data).toString()}`);
	}

	assert.deepEqual(got, ['stdout one\n', 'stderr oops\n', 'stderr last\n', 'stdout two\n']);
	assert.equal(opened, 2);
});

test('what an earlier process has read is left out', async () => {
	const open = async function* (): AsyncGenerator<LogChunk> {
		yield chunk('stdout', 'one\ntwo\n');
	};
	let text = '';
	const wish = {from: 4, over: AbortSignal.abort(), signal: AbortSignal.timeout(20_000)};
	for await (const {data} of readStreamedLog(open, wish)) {
		text += Buffer.from(data).toString();
	}

	assert.equal(text, 'two\n');
});
