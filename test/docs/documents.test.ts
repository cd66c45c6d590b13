import assert from 'node:assert/strict';
import {existsSync, globSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {makeProgram} from '../../source/program.ts';
import {illustrated, withPicture} from '../../tools/picture.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const documents = globSync(['*.md', 'docs/*.md'], {cwd: root}).sort();
const read = (name: string) => readFileSync(join(root, name), 'utf8');

/** The gpubox calls of a document's shell blocks, comments left out. Blocks without a language count as such. */
function callsInBlocks(text: string): string[] {
	return [...text.matchAll(/^ *```(\w*)\n(.*?)^ *```/gms)]
		.filter(([, language = '']) => /^(|sh|bash|console)$/.test(language))
		.flatMap(([, , block = '']) => block.split('\n'))
		.flatMap((line) =>
			line
				.trim()
				.replace(/\s+#.*$/, '')
				.replace(/^\$ /, '')
				.replace(/ >+ .*$/, '')
				.split(/ (?:&&|\|) /),
		)
		.filter((line) => /^gpubox( |$)/.test(line));
}

/** The gpubox calls in running text. They name verbs and flags, and may leave out what a verb needs besides. */
function callsInProse(text: string): string[] {
	return [...text.replace(/^ *```.*?^ *```/gms, '').matchAll(/`(gpubox [^`]+)`/g)].map(([, call = '']) => call);
}

/** Enough of a shell for the documents: words, some of them quoted. */
function toWords(line: string): string[] {
	return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replace(/['"]/g, ''));
}

/** The program as it is, but for what the verbs do. @throws CommanderError when it would refuse the call */
function parse(words: string[]): void {
	const program = makeProgram();
	for (const command of [program, ...program.commands]) {
		command.exitOverride().configureOutput({writeErr() {}, writeOut() {}});
	}

	for (const command of program.commands) {
		command.action(() => {});
	}

	// Without a verb gpubox is the session and commander is not asked; its own flags may stand there.
	if (words.some((word) => !word.startsWith('-'))) {
		program.parse(words, {from: 'user'});
	}
}

/** What commander says when only something is missing that running text may leave out. */
const incomplete = new Set(['commander.missingArgument', 'commander.optionMissingArgument', 'commander.helpDisplayed']);

describe('every gpubox call in the documents is one the program takes', () => {
	for (const document of documents) {
		const text = read(document);
		for (const call of new Set(callsInBlocks(text))) {
			test(`${document}: ${call}`, () => {
				assert.doesNotThrow(() => parse(toWords(call).slice(1)));
			});
		}

		test(`${document}: calls in running text`, () => {
			for (const call of new Set(callsInProse(text))) {
				try {
					parse(toWords(call).slice(1));
				} catch (error) {
					assert.ok(incomplete.has((error as {code: string}).code), `${call}: ${(error as Error).message}`);
				}
			}
		});
	}
});

test('the documents are looked at, and a call that is wrong is refused', () => {
	assert.ok(callsInBlocks(read('readme.md')).length > 10);
	assert.ok(callsInProse(read('readme.md')).length > 1);
	for (const call of ['gpubox upp', 'gpubox ls --watch', 'gpubox rm', 'gpubox pull a b', 'gpubox up --port x']) {
		assert.throws(() => parse(toWords(call).slice(1)), call);
	}
});

test('every verb is told of in the documents', () => {
	const all = documents.map(read).join('\n');
	for (const command of makeProgram().commands.filter((verb) => !verb.name().startsWith('_'))) {
		assert.ok(all.includes(`gpubox ${command.name()}`), command.name());
	}
});

test('every link between the documents leads somewhere', () => {
	for (const document of documents) {
		for (const [, target = ''] of read(document).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)) {
			assert.ok(existsSync(join(root, dirname(document), target)), `${document}: ${target}`);
		}
	}
});

for (const document of illustrated) {
	test(`the picture in ${document} is the screen that the tests know (npm run picture)`, () => {
		assert.equal(read(document), withPicture(document));
	});
}

test('every dependency has its reason', () => {
	const {dependencies, devDependencies} = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
	const reasons = read('docs/dependencies.md');
	for (const name of [...Object.keys(dependencies ?? {}), ...Object.keys(devDependencies ?? {})]) {
		assert.ok(name.startsWith('@types/') || reasons.includes(name), name);
	}
});

test('the Chinese readme shows the same calls as the English one', () => {
	assert.deepEqual(callsInBlocks(read('readme.zh.md')), callsInBlocks(read('readme.md')));
});
