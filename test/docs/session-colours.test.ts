import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';

const session = join(import.meta.dirname, '../../source/session');

/** A colour as Ink takes it, or as a control sequence. */
const naming = [
	/\b(?:color|backgroundColor|borderColor|borderBackgroundColor)(?:=|:\s*)['"{]*['"#]/,
	/\bdimColor\b/,
	/['"](?:black|red|green|yellow|blue|magenta|cyan|white|gr[ae]y)(?:Bright)?['"]/,
	/['"]#[\da-f]{6}['"]/i,
	/\\u001B\[[\d;]*[3-9]\d[\d;]*m/i,
	/from 'chalk'/,
];

test('no part of the session names a colour itself: only the theme does', () => {
	const files = globSync('**/*.{ts,tsx}', {cwd: session}).filter(
		(file) => file !== 'theme.ts' && !file.startsWith('look/'),
	);
	assert.ok(files.length > 50);
	const found = files.flatMap((file) =>
		readFileSync(join(session, file), 'utf8')
			.split('\n')
			.flatMap((line, place) =>
				naming.some((pattern) => pattern.test(line)) ? [`${file}:${place + 1}: ${line.trim()}`] : [],
			),
	);
	assert.deepEqual(found, [], 'take a style of source/session/theme.ts instead');
});
