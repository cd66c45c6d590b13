/** The user's own commands: read from the settings, and put together for what is chosen. Pure. */
import {safeText} from '../../../text/safe.ts';
import {splitWords} from '../../../text/split-words.ts';

/** What is wrong with one entry of the settings. `where`: its setting, as in `keys.restart`. Safe to print. */
export type OwnFault = {where: string; message: string; fix: string};

type OwnPrompt = {name: string; text: string; initial: string};

export type OwnCommand = {
	/** Safe to print. */
	name: string;
	/** As the settings say it; undefined for one that only the palette has. */
	key: string | undefined;
	words: readonly string[];
	background: boolean;
	confirm: boolean;
	prompts: readonly OwnPrompt[];
};

/** What placeholders stand for; undefined where nothing of the kind is chosen. */
export type OwnValues = Partial<Record<Placeholder, string>> & {
	/** Whose it is, when it is another user's; safe to print. */
	owner?: string;
	/** Who else uses the chosen GPU; undefined where it is known that no one does. Safe to print. */
	gpuUsers?: string;
};

const placeholders = ['box', 'id', 'gpu', 'folder', 'image', 'host'] as const;
type Placeholder = (typeof placeholders)[number];

/** What is started, without a shell. */
export type OwnCall = {
	name: string;
	words: readonly string[];
	environment: Readonly<Record<string, string>>;
	background: boolean;
};

const placeholder = /\{([a-z][a-z0-9_]*)\}/g;
/** Around a placeholder there may be what an option or an address has around a value, and nothing that a shell reads. */
const plainWord = /^[\w@%+=:,./{}-]*$/;
/** Programs that take a word as a program's text: a value there would be read, not passed. */
const readsWords = /^(?:-[A-Za-z]*c|-e|--command|--eval)$/;
/** The same in one word with it. */
const isText = /^(?:-[A-Za-z]*c\{|-e\{|--(?:command|eval)=)/;
const isShell = /^(?:.*\/)?(?:ba|da|k|mk|z|fi|a)?sh$/;

/** One entry of the setting `commands`. @param place counts from 1 */
export function readOwnCommand(given: unknown, place: number): OwnCommand | OwnFault {
	const entry = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
	const name = typeof entry.name === 'string' ? safeText(entry.name).slice(0, 60) : '';
	const where = name === '' ? `commands, entry ${place}` : `command "${name}"`;
	const fault = (message: string, fix: string): OwnFault => ({where, message: `${where}: ${message}`, fix});
	const unknown = Object.keys(entry).find(
		(key) => !['name', 'key', 'command', 'background', 'confirm', 'prompts'].includes(key),
	);
	if (name === '' || typeof entry.command !== 'string' || entry.command.trim() === '') {
		return fault(
			'it needs a name and a command.',
			'For example {"name": "Top", "key": "V", "command": "docker top {id}"}',
		);
	}

	if (unknown !== undefined) {
		return fault(
			`"${safeText(unknown).slice(0, 30)}" is not known.`,
			'It may have name, key, command, background, confirm and prompts.',
		);
	}

	const prompts = readPrompts(entry.prompts);
	if (prompts === undefined) {
		return fault(
			'its prompts are not a list of {"name": "lines", "text": "How many lines", "initial": "100"}.',
			`Names are of small letters, and not ${placeholders.join(', ')}.`,
		);
	}

	const wrongFlag = ['background', 'confirm'].find(
		(flag) => entry[flag] !== undefined && typeof entry[flag] !== 'boolean',
	);
	if (wrongFlag !== undefined || (entry.key !== undefined && typeof entry.key !== 'string')) {
		return fault(`${wrongFlag ?? 'key'} must be ${wrongFlag === undefined ? 'text' : 'true or false'}.`, 'Correct it.');
	}

	const words = splitWords(entry.command) ?? [];
	const wrong = words.length === 0 ? 'a quote in it is not closed.' : wrongWord(words, prompts);
	if (wrong !== undefined) {
		return fault(wrong, 'In the text for a shell, use the variables: sh -c \'docker top "$GPUBOX_ID"\'');
	}

	return {
		name,
		key: entry.key === undefined ? undefined : String(entry.key),
		words,
		background: entry.background === true,
		confirm: entry.confirm === true,
		prompts,
	};
}

function readPrompts(given: unknown): OwnPrompt[] | undefined {
	if (given === undefined) {
		return [];
	}

	const read = Array.isArray(given)
		? given.map((each): OwnPrompt | undefined => {
				const {name, text = name, initial = ''} = (each ?? {}) as Record<string, unknown>;
				const isName = typeof name === 'string' && /^[a-z][a-z0-9_]{0,30}$/.test(name);
				return isName && !(placeholders as readonly string[]).includes(name)
					? {name, text: safeText(String(text)).slice(0, 100), initial: safeText(String(initial)).slice(0, 500)}
					: undefined;
			})
		: [undefined];
	return read.every((each) => each !== undefined) ? read : undefined;
}

/** Why a word with a placeholder is refused. */
function wrongWord(words: readonly string[], prompts: readonly OwnPrompt[]): string | undefined {
	const known = [...placeholders, ...prompts.map(({name}) => name)];
	for (const [place, word] of words.entries()) {
		const names = [...word.matchAll(placeholder)].map(([, name = '']) => name);
		const stranger = names.find((name) => !known.includes(name));
		if (stranger !== undefined) {
			return `{${stranger}} is not known; there are ${known.map((name) => `{${name}}`).join(' ')}.`;
		}

		if (names.length > 0 && place === 0) {
			return 'the program cannot be a placeholder.';
		}

		if (names.length > 0 && (!plainWord.test(word) || isRead(words, place))) {
			return `{${names[0]}} has to be a word of its own, or follow the = of an option.`;
		}
	}

	return undefined;
}

/** Options of shells whose value is the next word: `-o pipefail`, also in one word with others, `-euo pipefail`. */
const takesValue = /^(?:[-+][A-Za-z]*[oO][A-Za-z]*|--(?:rcfile|init-file))$/;

/** Whether a shell with these options takes the next word as its text. They may come in one word and in any order: `sh -cex`. */
function readNext(options: readonly string[]): boolean {
	let hasText = false;
	for (let place = 0; place < options.length; place++) {
		const option = options[place] ?? '';
		if (!/^[-+]/.test(option)) {
			return false;
		}

		hasText ||= /^-[A-Za-z]*c/.test(option);
		place += takesValue.test(option) ? 1 : 0;
	}

	return hasText;
}

/** Whether a word is the text of a program, or a part of it. */
function isRead(words: readonly string[], place: number): boolean {
	const before = words.slice(0, place);
	const options = before.slice(before.findLastIndex((word) => isShell.test(word)) + 1);
	const isOfShell = options.length < before.length && readNext(options);
	return isOfShell || readsWords.test(before.at(-1) ?? '') || isText.test(words[place] ?? '');
}

/** The placeholders and prompts that the command line names, as `{id}` or as a shell's `$GPUBOX_ID`. */
function namedIn(words: readonly string[]): {asWord: Set<string>; anyhow: Set<string>} {
	const find = (pattern: RegExp) =>
		new Set(words.flatMap((word) => [...word.matchAll(pattern)].map(([, name = '']) => name.toLowerCase())));
	const asWord = find(placeholder);
	return {asWord, anyhow: new Set([...asWord, ...find(/\bGPUBOX_([A-Z0-9_]+)/g)])};
}

/** Names of what the command needs and that is not chosen. */
export function missingFor({words, prompts}: OwnCommand, values: OwnValues): string[] {
	const asked = new Set(prompts.map(({name}) => name));
	const known = placeholders.filter((name) => namedIn(words).anyhow.has(name));
	return known.filter((name) => !asked.has(name) && values[name] === undefined);
}

/** Whether it is given something of a box or container. */
export function isAboutBox({words}: OwnCommand): boolean {
	const {anyhow} = namedIn(words);
	return ['box', 'id', 'folder', 'image'].some((name) => anyhow.has(name));
}

/** Whether it is given the GPU. */
export function isAboutGpu({words}: OwnCommand): boolean {
	return namedIn(words).anyhow.has('gpu');
}

/**
What is to be started. A value is one argument, or part of one, and a variable of the environment: no shell reads it. Only what the command
line names is handed over.

@param answers of the prompts
@returns a text where a value cannot be passed: one that begins like an option, or another user's with what a shell would read
*/
export function callFor(
	command: OwnCommand,
	values: OwnValues,
	answers: Readonly<Record<string, string>>,
): OwnCall | string {
	const {name, background, words} = command;
	const {asWord, anyhow} = namedIn(words);
	const all: Record<string, string> = {};
	for (const key of placeholders) {
		const value = values[key];
		if (value === undefined || !anyhow.has(key)) {
			continue;
		}

		const isForeign = values.owner !== undefined && !/^[\p{L}\p{N} ._/@:+,=~-]*$/u.test(value);
		if (value.includes('\0') || (asWord.has(key) && (value.startsWith('-') || isForeign))) {
			return `{${key}} is "${safeText(value).slice(0, 40)}", which is not passed to a command`;
		}

		all[key] = value;
	}

	Object.assign(all, answers);
	return {
		name,
		background,
		environment: Object.fromEntries(
			Object.entries(all).map(([key, value]) => [`GPUBOX_${key.toUpperCase()}`, value.replaceAll('\0', '')]),
		),
		words: words.map((word) => word.replace(placeholder, (_, key: string) => (all[key] ?? '').replaceAll('\0', ''))),
	};
}
