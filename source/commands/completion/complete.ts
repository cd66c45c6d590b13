/** The candidates at the cursor, from the tree of verbs and the words before it. */
import type {Argument, CommandUnknownOpts, Option} from '@commander-js/extra-typings';

import {scenarioNames} from '../../demo/scenario-names.ts';
import {placeNames} from '../../job/place/place-names.ts';

/** What the shell should offer. */
export type Wanted = {
	candidates: Candidate[];
	/** Names that have to be looked up first. */
	look?: Lookup;
	/** Completed by the shell itself. */
	paths?: 'files' | 'folders';
	/** The word being typed; only candidates that start with it count. */
	current: string;
	/** Put before each candidate that was looked up: `--image=`. */
	prefix: string;
	/** The value of `--host`, unchanged. */
	host?: string;
	/** Values given already, which are not offered again. */
	given: string[];
};

export type Candidate = {value: string; description?: string};

/** Kinds of candidates to look up. */
export type Lookup =
	| {kind: 'boxes'; verb: string}
	| {kind: 'runs'}
	| {kind: 'images'}
	| {kind: 'boxes-and-images'}
	| {kind: 'hosts'}
	| {kind: 'settings'};

/** Fixed values of options, by the option's name. */
const optionWords: Record<string, string[]> = {
	gpus: ['auto', 'none', 'all'],
	bind: ['127.0.0.1', '0.0.0.0'],
	stop: ['idle'],
	scenario: [...scenarioNames],
};

/**
@param program the tree of verbs
@param words of the command line after `gpubox`, up to the cursor; the last one is being typed and may be empty
*/
export function complete(program: CommandUnknownOpts, words: readonly string[]): Wanted {
	const state = readWords(program, words.slice(0, -1));
	const current = words.at(-1) ?? '';
	const {command, operands, host} = state;
	const wanted: Wanted = {
		candidates: [],
		current,
		prefix: '',
		given: operands,
		...(host === undefined ? {} : {host}),
	};
	if (state.afterDashes) {
		return wanted;
	}

	if (state.optionBefore) {
		return {...wanted, ...optionValue(state.optionBefore, current)};
	}

	const help = command.createHelp();
	if (current.startsWith('-')) {
		const [name = ''] = current.split('=');
		const option = current.includes('=') ? help.visibleOptions(command).find(({long}) => long === name) : undefined;
		if (option) {
			const value = optionValue(option, current.slice(name.length + 1));
			const candidates = value.candidates?.map((candidate) => ({...candidate, value: `${name}=${candidate.value}`}));
			return {...wanted, ...value, ...(candidates ? {candidates} : {}), prefix: `${name}=`};
		}

		const candidates = help
			.visibleOptions(command)
			.flatMap(({long, description}) => (long ? [{value: long, description}] : []));
		return {...wanted, candidates};
	}

	if (command === program) {
		const candidates = help.visibleCommands(program).map((verb) => ({
			value: verb.name(),
			description: verb.summary() || verb.description(),
		}));
		return {...wanted, candidates};
	}

	const {registeredArguments: all} = command;
	const argument = all[operands.length] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined);
	return argument ? {...wanted, ...argumentValue(argument, command.name())} : wanted;
}

type Read = {
	command: CommandUnknownOpts;
	/** Operands of the verb so far. */
	operands: string[];
	/** The option that the next word is the value of. */
	optionBefore?: Option;
	afterDashes: boolean;
	host?: string;
};

function readWords(program: CommandUnknownOpts, words: readonly string[]): Read {
	let command = program;
	const operands: string[] = [];
	let optionBefore: Option | undefined;
	let host: string | undefined;
	for (const word of words) {
		if (optionBefore) {
			host = optionBefore.name() === 'host' ? word : host;
			optionBefore = undefined;
		} else if (word === '--') {
			return {command, operands, afterDashes: true, ...(host === undefined ? {} : {host})};
		} else if (word.startsWith('-') && word.length > 1) {
			const [name, ...value] = word.split('=');
			const option = [...command.options, ...program.options].find(({short, long}) => name === short || name === long);
			if (option?.required && value.length === 0) {
				optionBefore = option;
			} else if (option?.name() === 'host') {
				host = value.join('=');
			}
		} else if (command === program) {
			const verb = program.commands.find((candidate) => [candidate.name(), ...candidate.aliases()].includes(word));
			if (!verb) {
				return {command, operands: [word], afterDashes: true};
			}

			command = verb;
		} else {
			operands.push(word);
		}
	}

	return {
		command,
		operands,
		afterDashes: false,
		...(optionBefore ? {optionBefore} : {}),
		...(host === undefined ? {} : {host}),
	};
}

function optionValue(option: Option, typed: string): Partial<Wanted> {
	// A name or a path: a slash or dot shows which of the two.
	if (option.name() === 'scenario' && /[./~]/.test(typed)) {
		return {paths: 'files'};
	}

	if (option.name() === 'replay') {
		return {paths: 'files'};
	}

	const words = option.argChoices ?? optionWords[option.name()];
	if (words) {
		return {candidates: words.map((value) => ({value}))};
	}

	switch (option.name()) {
		case 'host':
			return {look: {kind: 'hosts'}};
		case 'on':
			return {candidates: [...placeNames, 'any'].map((value) => ({value})), look: {kind: 'hosts'}};
		case 'image':
			return {look: {kind: 'images'}};
		case 'mount':
		case 'data':
		case 'artifacts':
			return {paths: 'folders'};
		default:
			return {};
	}
}

function argumentValue(argument: Argument, verb: string): Partial<Wanted> {
	if (argument.argChoices) {
		return {candidates: argument.argChoices.map((value) => ({value}))};
	}

	switch (argument.name()) {
		case 'box':
			return {look: {kind: 'boxes', verb}};
		case 'run':
			return {look: {kind: 'runs'}};
		case 'show':
			return {candidates: [{value: 'show'}]};
		case 'file':
			return {paths: 'files'};
		case 'command':
			return verb === 'run' ? {paths: 'files'} : {};
		case 'ref':
			return {look: {kind: 'images'}};
		case 'box|image':
			return {look: {kind: 'boxes-and-images'}};
		case 'key':
			return {look: {kind: 'settings'}};
		case 'host':
			return {look: {kind: 'hosts'}};
		case 'dir':
			return {paths: 'folders'};
		default:
			return {};
	}
}
