/** The help, made from the key table: first what the keys do where one came from, then those of the other places. */
import {cut, widthOf, wrap} from '../../../text/layout/fit.ts';
import {safeText} from '../../../text/safe.ts';
import {scopesOf} from '../key-hints.ts';
import {actionFor} from '../keymap.ts';
import type {Binding, Scope} from '../keys/binding.ts';
import {labelHere, whyNot} from '../keys/here.ts';
import {shownKey} from '../keys/key-names.ts';
import type {Facts} from '../model.ts';
import type {View} from '../reduce.ts';

const sections: Array<[scope: Scope, title: string]> = [
	['boxes', 'In the list of boxes'],
	['gpus', 'In the list of GPUs'],
	['log-found', 'On a search in the log'],
	['log-chosen', 'On the log of several boxes'],
	['log-whole', 'On the screen of the log'],
	['log', 'In the log'],
	['side', 'Through the log'],
	['main', 'Boxes and screens'],
	['gpu', 'On the screen of a GPU'],
	['box', 'On the screen of a box'],
	['containers', 'On the screen of containers'],
	['processes', 'On the screen of processes'],
	['images', 'On the images screen'],
	['hosts', 'On the hosts screen'],
	['settings', 'On the screen of settings'],
	['list', 'In every list'],
	['events', 'In the list of what happened'],
	['doctor', 'On the screen of doctor'],
	['own', 'Your own commands'],
	['views', 'Screens'],
	['anywhere', 'Anywhere'],
	['tour', 'On the tour of the demo host'],
];

export type HelpLine =
	| {kind: 'title'; text: string}
	/** `off`: it does nothing now; `elsewhere`: it is a key of another place. */
	| {kind: 'key'; keys: string; label: string; state: 'on' | 'off' | 'elsewhere'}
	/** Why the key above does nothing now; `more`: the rest of the line above. */
	| {kind: 'reason'; text: string; more: boolean}
	| {kind: 'gap'};

/** Columns of a reason on a terminal of 80 columns, where two keys are beside each other; a longer one has several lines. */
export const reasonWidth = 22;

/** All lines, with empty ones between sections. Safe to print. */
export function selectHelp(facts: Facts, view: View): HelpLine[] {
	const behind: View = {...view, screen: view.behindHelp};
	const scopes = scopesOf(behind);
	const here = sections.filter(([scope]) => scopes.includes(scope));
	const elsewhere = sections.filter(([scope]) => !scopes.includes(scope) && (scope !== 'tour' || view.tour));
	const shown = [...here, ...elsewhere].filter(([scope]) =>
		facts.keys.bindings.some((binding) => binding.scope === scope),
	);
	const lines = shown.flatMap(([scope, title]): HelpLine[] => [
		{kind: 'gap'},
		{kind: 'title', text: scopes.includes(scope) ? `▸ ${title}` : title},
		...facts.keys.bindings
			.filter((binding) => binding.scope === scope && binding.label !== '' && !isShadowed(binding, scopes, facts))
			.flatMap((binding) => (scopes.includes(scope) ? lineHere(binding, facts, behind) : [lineElsewhere(binding)])),
	]);
	return lines.slice(1);
}

/** Whether all its keys have another meaning in a nearer place. */
function isShadowed({scope, keys, action}: Binding, scopes: Scope[], {keys: table}: Facts): boolean {
	return scopes.includes(scope) && keys.length > 0 && keys.every((key) => actionFor(key, scopes, table) !== action);
}

function lineHere(binding: Binding, facts: Facts, view: View): HelpLine[] {
	const reason = whyNot(binding.action, facts, view);
	const keys = keysText(binding);
	return reason === undefined
		? [{kind: 'key', keys, label: labelInHelp(binding, facts, view), state: 'on'}]
		: [
				{kind: 'key', keys, label: binding.label, state: 'off'},
				...wrap(reason, reasonWidth).map((text, line): HelpLine => ({kind: 'reason', text, more: line > 0})),
			];
}

/** Columns of a label in the narrowest cell of the help. */
const labelWidth = 25;
const leastOfName = 9;

/** With a long name folded in its middle: what the key does is behind it in some labels. */
function labelInHelp(binding: Binding, facts: Facts, view: View): string {
	const label = labelHere(binding, facts, view);
	const over = widthOf(label) - labelWidth;
	if (over <= 0) {
		return label;
	}

	const names = [...facts.box.boxes, ...facts.machine.containers].map(({name}) => safeText(name));
	const [name = ''] = names.filter((each) => label.includes(each)).toSorted((a, b) => b.length - a.length);
	if (name === '') {
		return label;
	}

	const room = Math.max(leastOfName, widthOf(name) - over);
	const end = Math.floor((room - 1) / 2);
	return room >= widthOf(name) ? label : label.replace(name, () => `${cut(name, room - end)}${name.slice(-end)}`);
}

function lineElsewhere(binding: Binding): HelpLine {
	return {kind: 'key', keys: keysText(binding), label: binding.label, state: 'elsewhere'};
}

function keysText({keys}: Binding): string {
	return keys.slice(0, 2).map(shownKey).join(' ');
}
