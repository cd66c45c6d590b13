import assert from 'node:assert/strict';
import {PassThrough} from 'node:stream';
import {test} from 'node:test';
import {printFile} from '../../../source/commands/output/print-file.ts';

function printed(text: string, isTTY: boolean): string {
	const out = Object.assign(new PassThrough(), {isTTY}) as unknown as NodeJS.WriteStream;
	printFile(text, out);
	return String((out as unknown as PassThrough).read());
}

const text = 'ENV A="\u001B]0;owned\u0007"\n\t\u202Exyz\u{E0041} 漢é\r\n';

test('what is meant for a file arrives byte for byte in one, and cannot control a terminal', () => {
	assert.equal(printed(text, false), text);
	assert.equal(printed(text, true), 'ENV A="\\u{1b}]0;owned\\u{7}"\n\t\\u{202e}xyz\\u{e0041} 漢é\\u{d}\n');
});
