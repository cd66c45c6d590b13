/**
Writes the man page from the declarations of the verbs, as `--help` shows them. `npm run man`; a test fails when the page is out of date.
*/
import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {CommandUnknownOpts} from '@commander-js/extra-typings';
import {exitCode} from '../source/base/failure.ts';
import {makeProgram} from '../source/program.ts';

export const manPath = fileURLToPath(new URL('../man/gpubox.1', import.meta.url));

const exits: Record<keyof typeof exitCode, string> = {
	done: 'Done.',
	failed: 'Failed.',
	usage: 'Wrong usage.',
	noEngine: 'No Docker Engine.',
	noGpu: 'No usable GPU or driver.',
	imageDoesNotFit: 'The image does not fit.',
	noSuchBox: 'No such box.',
	taken: 'GPUs, port or name taken.',
	checkFailed: 'A check failed.',
	couldNotStartCommand: 'attach, ssh: the command could not be started; otherwise its own exit code is returned.',
	interrupted: 'Interrupted.',
};

const environment: Array<[string, string]> = [
	['DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG', "The engine to use, as for Docker's own command."],
	['NO_COLOR', 'No colours.'],
	['GPUBOX_DEBUG', 'With 1, an error also shows where in the program it happened.'],
	['XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_DATA_HOME, XDG_CACHE_HOME', 'Locations of the folders below.'],
];

const files: Array<[string, string]> = [
	['gpubox.yaml', "The settings of a project's boxes, in the project's folder."],
	['~/.config/gpubox/config.json', 'Your own defaults; see gpubox config.'],
	[
		'/etc/gpubox/config.json',
		'Defaults for everyone on this host; only if root owns it and no one else can write to it.',
	],
	['~/.local/state/gpubox/boxes', 'A folder for each box with token, keys and start script.'],
	['~/.local/share/gpubox/home', 'Your home inside boxes.'],
	['~/.cache/gpubox', 'Caches of models and packages, shared by your boxes.'],
];

/** The page as it should be. */
export function manPage(): string {
	const program = makeProgram();
	const help = program.createHelp();
	const verbs = help.visibleCommands(program).filter((verb) => verb.name() !== 'help');
	return [
		'.\\" Written by `npm run man`.',
		'.TH GPUBOX 1',
		'.SH NAME',
		text('gpubox - a workstation manager for GPU machines'),
		'.SH SYNOPSIS',
		'.B gpubox',
		text('[--host HOST]'),
		'.br',
		'.B gpubox',
		text('[--host HOST] VERB [OPTION...] [ARGUMENT...]'),
		'.SH DESCRIPTION',
		text(program.description()),
		'.PP',
		text('Without a verb it opens the terminal session; without a terminal it prints one plain report.'),
		'.SH OPTIONS',
		...options(program),
		'.SH VERBS',
		...verbs.flatMap((verb) => [
			`.SS ${text(`gpubox ${verb.name()} ${verb.usage().replace('[options]', '[OPTION...]')}`.trim())}`,
			text(verb.description()),
			...(verb.aliases().length > 0 ? ['.PP', text(`Also: ${verb.aliases().join(', ')}.`)] : []),
			...options(verb),
			...examples(verb),
		]),
		'.SH EXIT STATUS',
		...items(Object.entries(exitCode).map(([name, code]) => [String(code), exits[name as keyof typeof exitCode]])),
		'.SH ENVIRONMENT',
		...items(environment),
		'.SH FILES',
		...items(files),
		'.SH SEE ALSO',
		'.BR docker (1),',
		'.BR ssh (1),',
		'.BR nvidia\\-smi (1)',
		'',
	].join('\n');
}

function options(command: CommandUnknownOpts): string[] {
	const help = command.createHelp();
	const rows = help
		.visibleOptions(command)
		.filter(({long}) => long !== '--help')
		.map((option): [string, string] => [help.optionTerm(option), help.optionDescription(option)]);
	return items(rows);
}

function items(rows: Array<[string, string]>): string[] {
	return rows.flatMap(([term, does]) => ['.TP', `.B ${text(term)}`, text(does)]);
}

/** The text that `--help` adds at its end. */
function examples(command: CommandUnknownOpts): string[] {
	let whole = '';
	command.configureOutput({writeOut: (part) => (whole += part), getOutHasColors: () => false});
	command.outputHelp();
	const added = whole.slice(command.helpInformation().length);
	const [before = '', after = ''] = added.split(/^Examples?:/m);
	const lines = (part: string) => part.split('\n').filter((line) => line.trim() !== '');
	return [
		// An indented line is one of a list.
		...lines(before).flatMap((line) => [line.startsWith(' ') ? '.br' : '.PP', text(line.trim())]),
		...(after === ''
			? []
			: ['.PP', 'Example:', '.PP', '.EX', ...lines(after).map((line) => `\t${text(line.trim())}`), '.EE']),
	];
}

/** Plain text for roff: its special characters escaped, and a hyphen that can be pasted into a shell. */
function text(plain: string): string {
	return plain.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll("'", '\\(aq').replace(/^\./, '\\&.');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	mkdirSync(dirname(manPath), {recursive: true});
	writeFileSync(manPath, manPage());
}
