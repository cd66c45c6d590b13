/** What the palette shows: every action of the key table that is one here, and every verb, the best match first. */
import {fuzzyFilter} from '../../../text/match/fuzzy.ts';
import {splitWords} from '../../../text/split-words.ts';
import {boxOf} from '../boxes/shown-boxes.ts';
import {scopesOf} from '../key-hints.ts';
import {actionFor, isMove} from '../keymap.ts';
import {labelHere, whyNot} from '../keys/here.ts';
import {shownKey} from '../keys/key-names.ts';
import type {Facts} from '../model.ts';
import type {Action, View} from '../reduce.ts';
import {textOf} from '../setup/field.ts';
import {looksOnly} from './looking-verbs.ts';
import type {PaletteItem, Verb} from './palette.ts';

/** Its lines. Safe to print. */
export function selectPalette(facts: Facts, view: View): Array<PaletteItem<Action>> {
	const typed = textOf(view.palette?.field ?? {before: '', after: ''})
		.trimStart()
		.replace(/^gpubox\s+/, '');
	const [first = '', ...rest] = typed.split(/\s+/);
	const behind: View = {...view, palette: undefined};
	const verbs = facts.verbs ?? [];
	const called = verbs.find(({name, aliases}) => name === first || aliases.includes(first));
	if (called !== undefined && rest.length > 0) {
		const own = actionsHere(facts, behind).filter(
			(item) => item.kind === 'action' && item.action.type === 'own-command',
		);
		return [
			// A command of the user's may begin with the name of a verb.
			...fuzzyFilter(typed, own, ({label}) => label),
			{...verbItem(called, facts, view), line: typed.trim(), whyNot: whyNoVerb(called, typed, facts)},
		];
	}

	// A key that several places have is one line.
	const actions = actionsHere(facts, behind).filter(
		({label}, place, all) => all.findIndex((each) => each.label === label) === place,
	);
	const moves = actions.filter((item) => item.kind === 'action' && isMove(item.action));
	const items: Array<PaletteItem<Action>> = [
		...actions.filter((item) => !moves.includes(item)),
		...verbs.map((verb): PaletteItem<Action> => {
			const item = verbItem(verb, facts, view);
			// Typed whole, and without a box to put behind it, there is nothing more to type.
			return verb === called && item.begin.trim() === verb.name ? {...item, line: typed} : item;
		}),
		// A key does it faster: last.
		...moves,
	];
	const found = fuzzyFilter(typed, items, ({label}) => label);
	return called === undefined ? found : found.toSorted((a, b) => Number(isOf(b, called)) - Number(isOf(a, called)));
}

function isOf(item: PaletteItem<Action>, {name}: Verb): boolean {
	return item.kind === 'verb' && item.begin.trimEnd().split(' ')[0] === name;
}

function actionsHere(facts: Facts, view: View): Array<PaletteItem<Action>> {
	const scopes = scopesOf(view);
	return scopes.flatMap((scope) =>
		facts.keys.bindings
			.filter(({label, action, ...binding}) => binding.scope === scope && label !== '' && action.type !== 'palette')
			// What has only keys that a nearer place uses otherwise is no action here.
			.filter(
				({keys, action}) => keys.length === 0 || keys.some((key) => actionFor(key, scopes, facts.keys) === action),
			)
			.map((binding): PaletteItem<Action> => {
				const reason = whyNot(binding.action, facts, view);
				return {
					kind: 'action',
					label: reason === undefined ? labelHere(binding, facts, view) : binding.label,
					note: binding.keys.slice(0, 2).map(shownKey).join(' '),
					whyNot: reason,
					action: binding.action,
				};
			}),
	);
}

function verbItem(verb: Verb, facts: Facts, view: View): Extract<PaletteItem<Action>, {kind: 'verb'}> {
	const {name, usage, summary} = verb;
	const box = /box/.test(usage) ? boxOf({facts, view})?.name : undefined;
	return {
		kind: 'verb',
		label: ['gpubox', name, usage].filter((part) => part !== '').join(' '),
		note: summary,
		begin: box === undefined ? `${name} ` : `${name} ${box} `,
		line: undefined,
		whyNot: whyNoVerb(verb, name, facts),
	};
}

/** A verb runs as a program of its own, which knows the real host only, and nothing of a session that is read-only. */
function whyNoVerb({name}: Verb, line: string, facts: Facts): string | undefined {
	if (facts.demo) {
		return 'runs on a real host only';
	}

	if (!facts.readOnly) {
		return undefined;
	}

	const looks = looksOnly(name);
	const words = splitWords(line) ?? [];
	return looks !== undefined && !words.some((word) => looks.unless.some((option) => word.startsWith(option)))
		? undefined
		: 'this session is read-only';
}
