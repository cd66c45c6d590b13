/** What the documents, the man page and `--help` tell a reader to type. */
import {globSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {makeProgram} from '../../source/program.ts';
import {manPath} from '../../tools/man.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Paths below the root. */
export const documents = globSync(['*.md', 'docs/*.md'], {cwd: root}).sort();

export function readDocument(name: string): string {
	return readFileSync(join(root, name), 'utf8');
}

export type Block = {
	/** What stands behind the opening fence; empty when nothing does. */
	language: string;
	/** Without the indentation of the fence. */
	text: string;
};

const fenced = /^( *)```([\w-]*)\n(.*?)^ *```$/gms;

export function blocksOf(text: string): Block[] {
	return [...text.matchAll(fenced)].map(([, indent = '', language = '', block = '']) => ({
		language,
		text: block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
	}));
}

/** The lines of a document's shell blocks, comments left out; in a transcript those behind a prompt. */
export function commandsInBlocks(text: string): string[] {
	return blocksOf(text)
		.filter(({language}) => language === 'sh' || language === 'console')
		.flatMap((block) =>
			block.text
				.replaceAll('\\\n', ' ')
				.split('\n')
				.filter((line) => block.language === 'sh' || line.startsWith('$ ')),
		)
		.map((line) => line.replace(/^\$ /, '').replace(/(^|\s)#.*$/, ''))
		.map((line) => line.trim())
		.filter((line) => line !== '');
}

/** Programs whose name at the start of a piece of code makes it a command. One word alone only names the program. */
const programs =
	/^(?:[A-Z_]+=\S+ )*(?:gpubox(?= |$)|(?:apt|apt-get|curl|docker|git|jq|loginctl|lspci|newgrp|node|npm|npx|nvidia-ctk|nvidia-smi|pip|rsync|scp|ssh|sudo|systemctl|wsl)(?= ))/;

/** The commands in running text. They may have a placeholder for what they need besides. */
export function commandsInProse(text: string): string[] {
	return [...text.replaceAll(fenced, '').matchAll(/`([^`]+)`/g)]
		.map(([, code = '']) => code.replaceAll(/\s+/g, ' '))
		.filter((code) => programs.test(code));
}

/** The examples at the end of a verb's help, by verb; the empty name is that of gpubox itself. */
export function examplesInHelp(): Map<string, string[]> {
	const program = makeProgram();
	const verbs = program.commands.filter((verb) => !verb.name().startsWith('_'));
	return new Map(
		[program, ...verbs].map((verb) => {
			let help = '';
			verb.configureOutput({writeOut: (part) => (help += part), getOutHasColors: () => false});
			verb.outputHelp();
			const [, examples = ''] = /\nExamples?:([\s\S]*)$/.exec(help) ?? [];
			const lines = examples.split('\n').map((line) => line.trim());
			return [verb === program ? '' : verb.name(), lines.filter((line) => line !== '')];
		}),
	);
}

function examplesInManPage(): string[] {
	return [...readFileSync(manPath, 'utf8').matchAll(/^\.EX\n(.*?)^\.EE/gms)].flatMap(([, lines = '']) =>
		lines
			.split('\n')
			.map((line) => line.trim().replaceAll('\\-', '-').replaceAll('\\(aq', "'"))
			.filter((line) => line !== ''),
	);
}

/** Every command with the places that tell it. */
export function toldCommands(): Map<string, string[]> {
	const places = new Map<string, string[]>();
	const add = (place: string, commands: string[]) => {
		for (const command of new Set(commands)) {
			places.set(command, [...(places.get(command) ?? []), place]);
		}
	};

	for (const document of documents) {
		const text = readDocument(document);
		add(document, [...commandsInBlocks(text), ...commandsInProse(text)]);
	}

	for (const [verb, examples] of examplesInHelp()) {
		add(`gpubox ${verb} --help`.replace('  ', ' '), examples);
	}

	add('man/gpubox.1', examplesInManPage());
	return places;
}
