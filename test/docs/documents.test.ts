import assert from 'node:assert/strict';
import {existsSync, globSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {makeProgram} from '../../source/program.ts';
import {withPicture} from '../../tools/picture.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const documents = globSync(['*.md', 'docs/*.md'], {cwd: root}).sort();
const read = (name: string) => readFileSync(join(root, name), 'utf8');

/** The gpubox lines of the shell blocks of a document, comments left out. */
function commandLines(text: string): string[] {
	return [...text.matchAll(/```(?:sh|bash|console)\n(.*?)```/gs)]
		.flatMap(([, block = '']) => block.split('\n'))
		.map((line) =>
			line
				.replace(/\s+#.*$/, '')
				.replace(/^\$ /, '')
				.trim(),
		)
		.filter((line) => /^gpubox( |$)/.test(line));
}

describe('every gpubox line in the documents is one the program takes', () => {
	for (const document of documents) {
		for (const line of commandLines(read(document))) {
			test(`${document}: ${line}`, () => {
				const words = line.split(' -- ')[0]?.split(/\s+/).slice(1) ?? [];
				const [verb] = words;
				if (verb === undefined) {
					return;
				}

				const command = makeProgram().commands.find((candidate) => candidate.name() === verb);
				assert.ok(command, `there is no verb ${verb}`);
				const known = command.options.flatMap(({short, long}) => [short, long]);
				for (const option of words.filter((word) => word.startsWith('-'))) {
					assert.ok(known.includes(option.split('=')[0]), `${verb} has no option ${option}`);
				}
			});
		}
	}
});

test('every link between the documents leads somewhere', () => {
	for (const document of documents) {
		for (const [, target = ''] of read(document).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)) {
			assert.ok(existsSync(join(root, dirname(document), target)), `${document}: ${target}`);
		}
	}
});

test('the picture in the readme is the screen that the tests know (npm run picture)', () => {
	assert.equal(read('readme.md'), withPicture());
});

test('every dependency has its reason', () => {
	const {dependencies, devDependencies} = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
	const reasons = read('docs/dependencies.md');
	for (const name of [...Object.keys(dependencies ?? {}), ...Object.keys(devDependencies ?? {})]) {
		assert.ok(name.startsWith('@types/') || reasons.includes(name), name);
	}
});
