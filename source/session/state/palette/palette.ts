/** The palette: one line to type into, and everything that can be done below it. Nothing here runs anything. */
import {splitWords} from '../../../text/split-words.ts';
import {type Edit, edit, emptyField, type Field, insert, textOf} from '../setup/field.ts';

/** The line that is typed, and the place of the marked one below it. */
export type PaletteView = {field: Field; cursor: number; fault: string};

/** A command of gpubox's own program. */
export type Verb = {
	name: string;
	/** Names that other tools have for it. */
	aliases: string[];
	summary: string;
	/** Its arguments as in its help: `[box...]` */
	usage: string;
};

/** One line of the palette. `whyNot`: why it does nothing now. */
export type PaletteItem<Action> = {label: string; note: string; whyNot: string | undefined} & (
	| {kind: 'action'; action: Action}
	/** `begin` is what is typed when it is taken; `line` what is run, once it is typed whole. */
	| {kind: 'verb'; begin: string; line: string | undefined}
);

export type PaletteAction =
	| {what: 'open' | 'close' | 'take' | 'complete'}
	| {what: 'move'; by: number}
	| {what: 'insert'; text: string}
	| {what: 'edit'; how: Edit};

export type PaletteEffect = {type: 'load-verbs'} | {type: 'run-verb'; words: string[]};

type Reduced<Action> = {palette: PaletteView | undefined; action?: Action; effects: PaletteEffect[]};

const opened: PaletteView = {field: emptyField, cursor: 0, fault: ''};

/** What a key does to it. @param items the lines shown, the best match first */
export function reducePalette<Action>(
	palette: PaletteView | undefined,
	does: PaletteAction,
	items: () => ReadonlyArray<PaletteItem<Action>>,
): Reduced<Action> {
	if (does.what === 'open') {
		return {palette: opened, effects: [{type: 'load-verbs'}]};
	}

	if (palette === undefined || does.what === 'close') {
		return {palette: undefined, effects: []};
	}

	switch (does.what) {
		case 'move': {
			const cursor = Math.max(0, Math.min(palette.cursor + does.by, items().length - 1));
			return {palette: {...palette, cursor}, effects: []};
		}

		case 'insert': {
			return {palette: {...opened, field: insert(palette.field, does.text)}, effects: []};
		}

		case 'edit': {
			// An empty line has nothing left to delete: the key leaves, as in an editor's command line.
			return does.how === 'backspace' && textOf(palette.field) === ''
				? {palette: undefined, effects: []}
				: {palette: {...opened, field: edit(palette.field, does.how)}, effects: []};
		}

		case 'complete': {
			const item = items()[palette.cursor];
			return {palette: item?.kind === 'verb' ? withText(item.begin) : palette, effects: []};
		}

		case 'take': {
			return take(palette, items()[palette.cursor]);
		}
	}
}

function withText(text: string): PaletteView {
	return {...opened, field: {before: text, after: ''}};
}

function take<Action>(palette: PaletteView, item: PaletteItem<Action> | undefined): Reduced<Action> {
	if (item === undefined) {
		return {palette, effects: []};
	}

	if (item.whyNot !== undefined) {
		return {palette: {...palette, fault: `${item.label}: ${item.whyNot}`}, effects: []};
	}

	if (item.kind === 'action') {
		return {palette: undefined, action: item.action, effects: []};
	}

	if (item.line === undefined) {
		return {palette: withText(item.begin), effects: []};
	}

	const words = splitWords(item.line);
	return words === undefined
		? {palette: {...palette, fault: 'A quote is not closed'}, effects: []}
		: {palette: undefined, effects: [{type: 'run-verb', words}]};
}
