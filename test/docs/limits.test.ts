import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {test} from 'node:test';
import * as limits from '../../source/engine/limits.ts';

const file = new URL('../../docs/limits.md', import.meta.url);
const mebibyte = 1024 ** 2;

/** The table of the engine's answers, as the document has it. */
function table(): string {
	const stop = limits.defaultLimits.stop;
	const rows = Object.values(limits.defaultLimits as Record<string, limits.Limit>).map((limit) => {
		const {question, seconds, idleSeconds, bytes} = limit;
		const time =
			limit === stop
				? `what its programs get, and ${seconds} s`
				: seconds !== undefined
					? `${seconds} s`
					: idleSeconds !== undefined
						? `${idleSeconds / 60} min without a message`
						: '–';
		const streamed = [
			'log of a container',
			'use of a container',
			'events',
			'pull of an image',
			'push of an image',
			'build of an image',
		].includes(question);
		const begins = streamed && seconds !== undefined ? `${time} until it begins` : time;
		const size =
			question === 'log of a container'
				? 'no part of it is kept'
				: `${bytes / mebibyte} MiB${streamed ? ' a message' : ''}`;
		return `| ${question} | ${begins} | ${size} |`;
	});
	return ['| question | time | size |', '|---|---|---|', ...rows].join('\n');
}

test('docs/limits.md has the limits that the program has', () => {
	let text = readFileSync(file, 'utf8');
	if (process.env.UPDATE_SNAPSHOTS === '1') {
		text = text.replace(
			/(<!-- table -->\n)[\s\S]*(<!-- \/table -->)/,
			(_whole, begin, end) => `${begin}${table()}\n${end}`,
		);
		writeFileSync(file, text);
	}

	const [, shown] = /<!-- table -->\n([\s\S]*)\n<!-- \/table -->/.exec(text) ?? [];
	assert.equal(shown, table());
	for (const [what, wanted] of [
		['values', limits.jsonValues.toLocaleString('en')],
		['refusal', `${limits.refusalBytes / 1024} KiB`],
		['reason', `${limits.reasonLength} characters`],
		['on its way', `gets ${limits.afterInterrupt.onItsWay} s`],
		['cleaning up', `gets ${limits.afterInterrupt.cleaningUp} s`],
		['notice', `${limits.defaultLimits.containers.noticeSeconds} s after a question`],
		['late notice', `${limits.defaultLimits.start.noticeSeconds} s after it`],
		['service', `(Jupyter) | ${limits.serviceLimit.seconds} s | ${limits.serviceLimit.bytes / mebibyte} MiB |`],
		['file', `out of a container | ${limits.defaultLimits.file.seconds} s | ${limits.fileBytes / mebibyte} MiB |`],
		['own command', `in a box | ${limits.ownCommandSeconds} s | ${limits.outputBytes / mebibyte} MiB`],
		['line', `| ${limits.lineLength} characters |`],
		['configuration', `| a file of Docker's configuration | – | ${limits.configBytes / mebibyte} MiB |`],
	] as const) {
		assert.ok(text.includes(wanted), `${what}: ${wanted}`);
	}
});

test('every question to the engine has a size, and all but streams and waits a time', () => {
	for (const [name, limit] of Object.entries(limits.defaultLimits as Record<string, limits.Limit>)) {
		assert.ok(limit.bytes > 0 && limit.bytes <= 16 * mebibyte, name);
		assert.ok(name === 'wait' || (limit.seconds ?? limit.idleSeconds ?? 0) > 0, name);
	}
});
