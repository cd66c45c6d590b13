/**
Writes what is made from the schema of the settings: templates/gpubox.schema.json for editors, and the table in
docs/configuration.md. `npm run schema`; a test tells when it was forgotten.
*/
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {allSettings, toJsonSchema} from '../source/settings/describe.ts';

/** The files as they should be. */
export function generated(): Array<{path: string; content: string}> {
	const document = path('docs/configuration.md');
	const [before = '', rest = ''] = readFileSync(document, 'utf8').split(start);
	const [, after = ''] = rest.split(end);
	return [
		{path: path('templates/gpubox.schema.json'), content: `${JSON.stringify(toJsonSchema(), null, '\t')}\n`},
		{path: document, content: `${before}${start}\n\n${settingsTable()}\n\n${end}${after}`},
	];
}

const start = '<!-- The table is written by `npm run schema`. -->';
const end = '<!-- End of the table. -->';

function settingsTable(): string {
	const code = (text: string) => `\`${text}\``;
	const rows = allSettings()
		.filter(({key}) => key !== '$schema')
		.map(({key, says, wants, kind, default: fallback, flag, personal}) => [
			code(key),
			says,
			kind === 'list' ? `a list; each item ${wants}` : kind === 'map' ? `names with values: ${wants}` : wants,
			fallback,
			flag ? flag.split(', ').map(code).join(', ') : '',
			personal ? 'yes' : 'no',
		]);
	const table = [
		['setting', 'meaning', 'takes', 'default', 'flag of `up`', 'personal'],
		Array.from({length: 6}, () => '---'),
		...rows,
	];
	return table
		.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`)
		.join('\n');
}

function path(name: string): string {
	return fileURLToPath(new URL(`../${name}`, import.meta.url));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	for (const {path: file, content} of generated()) {
		writeFileSync(file, content);
	}
}
