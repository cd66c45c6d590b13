/** The keys that walk through lines or rows: the same wherever there are some. */
import type {Action} from '../reduce.ts';
import type {Binding, Scope} from './binding.ts';

/** In the help: towards the beginning, and towards the end. Empty ones are not in it. */
type Labels = readonly [back: string, forth: string];

type Act = (by: number) => Action;

const unnamed: Labels = ['', ''];
const page = 10;

/** By one. @param options.short in the footer @param options.tab true where that key goes to the next, too */
export function steps(
	scope: Scope,
	act: Act,
	{labels: [back, forth] = unnamed, short, tab = false}: {labels?: Labels; short?: string; tab?: boolean} = {},
): Binding[] {
	const down = ['down', 'j', ...(tab ? ['tab'] : [])];
	return [
		{scope, keys: ['up', 'k'], label: back, action: act(-1)},
		{scope, keys: down, label: forth, ...(short === undefined ? {} : {short}), action: act(1)},
	];
}

/** By a page. @param options.space false where that key has another meaning */
export function pages(
	scope: Scope,
	act: Act,
	{labels: [back, forth] = unnamed, space = true}: {labels?: Labels; space?: boolean} = {},
): Binding[] {
	return [
		{scope, keys: ['pageup', 'b'], label: back, action: act(-1)},
		{scope, keys: space ? ['pagedown', 'space'] : ['pagedown'], label: forth, action: act(1)},
	];
}

/** To the first and to the last: by infinitely many. */
export function ends(scope: Scope, act: Act, labels: Labels = unnamed): Binding[] {
	const [back, forth] = labels;
	return [
		{scope, keys: ['home', 'g'], label: back, action: act(Number.NEGATIVE_INFINITY)},
		{scope, keys: ['end', 'G'], label: forth, action: act(Number.POSITIVE_INFINITY)},
	];
}

/**
All three, with ten for a page.

@param options.noun what is walked through, for the help: lines are scrolled, anything else is chosen. Without it the help has nothing
@param options.ends labels of the ends, where they are not simply the first and the last
@param options.space false where that key has another meaning
@param options.tab true where that key goes to the next, too
*/
export function walk(
	scope: Scope,
	act: Act,
	{
		noun,
		short,
		ends: ofEnds,
		space = true,
		tab = false,
	}: {noun?: string; short?: string; ends?: Labels; space?: boolean; tab?: boolean} = {},
): Binding[] {
	const ofSteps: Labels =
		noun === undefined
			? unnamed
			: noun === 'line'
				? ['A line up', 'A line down']
				: [`${capital(noun)} above`, `${capital(noun)} below`];
	const ofPages: Labels = noun === undefined ? unnamed : [`Ten ${noun}s up`, `Ten ${noun}s down`];
	const first: Labels = noun === undefined ? unnamed : [`First ${noun}`, `Last ${noun}`];
	return [
		...steps(scope, act, {labels: ofSteps, tab, ...(short === undefined ? {} : {short})}),
		...pages(scope, (by) => act(by * page), {labels: ofPages, space}),
		...ends(scope, act, ofEnds ?? first),
	];
}

/**
All that walks through the lines below a field that is typed into: letters, Home and End are the field's.

@param options.short in the footer @param options.tab true where that key goes to the next, too
*/
export function walkBelowField(
	scope: Scope,
	act: Act,
	{short, tab = false}: {short?: string; tab?: boolean} = {},
): Binding[] {
	const keys = ['down', 'ctrl+n', ...(tab ? ['tab'] : [])];
	return [
		{scope, keys: ['up', 'ctrl+p'], label: '', action: act(-1)},
		{scope, keys, label: '', ...(short === undefined ? {} : {short}), action: act(1)},
		{scope, keys: ['pageup'], label: '', action: act(-page)},
		{scope, keys: ['pagedown'], label: '', action: act(page)},
	];
}

function capital(word: string): string {
	return word.charAt(0).toUpperCase() + word.slice(1);
}
