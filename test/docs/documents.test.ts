import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describe, test} from 'node:test';
import {Ajv2020} from 'ajv/dist/2020.js';
import {parse as parseYaml} from 'yaml';
import {makeProgram} from '../../source/program.ts';
import {toJsonSchema} from '../../source/settings/describe.ts';
import {readSettings} from '../../source/settings/read.ts';
import {
	blocksOf,
	commandsInBlocks,
	commandsInProse,
	documents,
	examplesInHelp,
	readDocument,
	root,
} from './_commands.ts';

/** The gpubox calls in a line for a shell. */
function callsIn(line: string): string[] {
	return line
		.split(/ (?:&&|\|) /)
		.map((part) => part.replace(/ >+ .*$/, '').trim())
		.filter((part) => /^gpubox( |$)/.test(part));
}

const callsInBlocks = (text: string) => commandsInBlocks(text).flatMap(callsIn);
const callsInProse = (text: string) => commandsInProse(text).flatMap(callsIn);

const validate = new Ajv2020({strict: true, allowUnionTypes: true}).compile(toJsonSchema());

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
		const text = readDocument(document);
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
	assert.ok(callsInBlocks(readDocument('readme.md')).length > 10);
	assert.ok(callsInProse(readDocument('readme.md')).length > 1);
	for (const call of ['gpubox upp', 'gpubox ls --watch', 'gpubox pull', 'gpubox pull a b', 'gpubox up --port x']) {
		assert.throws(() => parse(toWords(call).slice(1)), call);
	}
});

test('every verb is told of in the documents', () => {
	const all = documents.map(readDocument).join('\n');
	for (const command of makeProgram().commands.filter((verb) => !verb.name().startsWith('_'))) {
		assert.ok(all.includes(`gpubox ${command.name()}`), command.name());
	}
});

/** Each begins the description of a verb or an option. */
const imperatives =
	/^(?:accept|add|agree|allow|apply|build|check|copy|create|find|follow|include|install|limit|list|manage|mount|open|overwrite|print|provide|publish|pull|push|queue|recreate|refresh|remove|request|reserve|return|review|run|scan|set|show|shut|simulate|skip|start|stop|test|use|wait|withdraw|write)\b/i;

test('every description in --help begins with a verb in the imperative', () => {
	const program = makeProgram();
	const help = program.createHelp();
	for (const command of help.visibleCommands(program)) {
		assert.match(command.description(), imperatives, command.name());
		assert.match(help.subcommandDescription(command), imperatives, command.name());
		for (const option of help.visibleOptions(command)) {
			assert.match(option.description, imperatives, `${command.name()} ${option.flags}`);
		}
	}
});

test('every verb has an example in its help', () => {
	for (const [verb, examples] of examplesInHelp()) {
		assert.ok(
			examples.some((example) => example.includes(`gpubox ${verb}`.trim())),
			verb,
		);
	}
});

test('every block says what it is: sh for what one types, console or text for what one sees', () => {
	for (const document of documents) {
		for (const {language, text} of blocksOf(readDocument(document))) {
			assert.notEqual(language, '', `${document}:\n${text}`);
		}
	}
});

for (const document of documents) {
	const files = blocksOf(readDocument(document)).filter(({language}) => language === 'yaml');
	for (const [index, {text}] of files.entries()) {
		test(`${document}: gpubox.yaml number ${index + 1} has no mistake`, () => {
			const {mistakes} = readSettings(text, {place: 'gpubox.yaml', shownAs: 'gpubox.yaml', base: '/project'});
			assert.deepEqual(mistakes, []);
			assert.ok(validate(parseYaml(text)), JSON.stringify(validate.errors));
		});
	}
}

test('every link between the documents leads somewhere', () => {
	for (const document of documents) {
		for (const [, target = ''] of readDocument(document).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)) {
			assert.ok(existsSync(join(root, dirname(document), target)), `${document}: ${target}`);
		}
	}
});

test('each promise of security.md names a test, and each test that it names is there', () => {
	let inTable = false;
	let file = '';
	let promises = 0;
	for (const line of readDocument('docs/security.md').split('\n')) {
		const [promise = '', named = ''] = line.replace(/^\| | \|$/g, '').split(' | ');
		inTable = line.startsWith('| ') && (inTable || promise === 'promise');
		if (!inTable || promise === 'promise' || promise.startsWith('---')) {
			continue;
		}

		promises += 1;
		assert.match(named, /\.test\.tsx?`|same file/, promise);
		// A file, or "same file", and the beginning of a title where it holds more than this.
		for (const [, path, title = ''] of named.matchAll(/(?:`([\w./-]+\.test\.tsx?)`|same file)(?:: ([^;`]+))?/g)) {
			file = path === undefined ? file : path.includes('/') ? path : `test/e2e/${path}`;
			assert.ok(existsSync(join(root, file)), `${file}: ${promise}`);
			const text = readDocument(file).replaceAll("\\'", "'");
			assert.ok(text.includes(title.trim()), `${file} has no "${title}"`);
		}
	}

	assert.ok(promises > 20, `${promises} promises`);
});

test('every dependency has its reason', () => {
	const {dependencies, devDependencies} = JSON.parse(readDocument('package.json')) as Record<
		string,
		Record<string, string>
	>;
	const reasons = readDocument('docs/dependencies.md');
	for (const name of [...Object.keys(dependencies ?? {}), ...Object.keys(devDependencies ?? {})]) {
		assert.ok(name.startsWith('@types/') || reasons.includes(name), name);
	}
});

test('the Chinese readme shows the same commands as the English one', () => {
	assert.deepEqual(commandsInBlocks(readDocument('readme.zh.md')), commandsInBlocks(readDocument('readme.md')));
});
