import {isRunning} from '../../box/box.ts';
import {boxOf} from './boxes/shown-boxes.ts';
import {actionFor} from './keymap.ts';
import type {Binding, Hint, Scope} from './keys/binding.ts';
import {whyNot} from './keys/here.ts';
import {shownKey} from './keys/key-names.ts';
import {isFiltering, isListName} from './lists/reduce-lists.ts';
import {isChosen} from './log/log-view.ts';
import {containerSituation} from './machine/select-lists.ts';
import type {Facts} from './model.ts';
import {answerHints, questionScreen} from './question.ts';
import type {Pane, View} from './reduce.ts';
import {isFirstRun} from './setup/select-setup.ts';

/** Where the keyboard is, the nearest first. The user's own commands are wherever the keys of everywhere are. */
export function scopesOf(view: View): Scope[] {
	return placesOf(view).flatMap((scope): Scope[] => (scope === 'anywhere' ? ['own', scope] : [scope]));
}

function placesOf(view: View): Scope[] {
	const tour: Scope[] = view.tour === undefined ? [] : ['tour'];
	if (view.asking !== undefined) {
		// The tour's keys would answer nothing, and move on below what is asked.
		return questionScreen(view.asking) === undefined ? ['confirm'] : ['confirm', 'trust'];
	}

	if (view.palette !== undefined) {
		return ['palette', 'typing'];
	}

	if (view.own !== undefined) {
		return ['own-prompt', 'typing'];
	}

	if (view.menu !== undefined) {
		return ['menu', 'anywhere', ...tour];
	}

	if (view.config !== undefined) {
		return view.config.field === undefined ? ['setting', 'choice', 'anywhere', ...tour] : ['setting', 'typing'];
	}

	if (view.screen === 'setup') {
		return view.setup.field === undefined
			? [view.setup.step === 'card' ? 'card' : 'setup', 'anywhere', ...tour]
			: ['field', 'typing'];
	}

	// Its arrows are the tour's as long as that is shown; letters move in time as well.
	if ((view.screen === 'gpu' || view.screen === 'box') && view.tour?.shown === true) {
		return [...tour, view.screen, 'anywhere'];
	}

	if (isFiltering(view)) {
		return ['filter', 'typing'];
	}

	if (view.screen === 'log' || (view.screen === 'main' && view.focus === 'side' && view.side === 'log')) {
		return logScopesOf(view, tour);
	}

	if (isListName(view.screen)) {
		return [view.screen, 'list', 'views', 'anywhere', ...tour];
	}

	return view.screen === 'main'
		? [view.focus, 'main', 'views', 'anywhere', ...tour]
		: [view.screen, ...(view.screen === 'help' ? [] : (['views'] as const)), 'anywhere', ...tour];
}

/** The log as a screen, or in its pane, where the keys of the main screen stay. */
function logScopesOf({screen, log, tour: progress}: View, tour: Scope[]): Scope[] {
	if (log.prompt !== undefined) {
		return ['log-prompt', 'typing'];
	}

	const found: Scope[] = log.search === '' ? [] : ['log-found'];
	const chosen: Scope[] = isChosen(log) ? ['log-chosen'] : [];
	// On the tour these walk its steps.
	const arrows: Scope[] = progress?.shown ? [] : ['log-arrows'];
	const place: Scope[] = screen === 'log' ? ['log-whole'] : ['side', 'main'];
	return [...found, ...chosen, 'log', ...arrows, ...place, 'views', 'anywhere', ...tour];
}

/** The keys worth showing now, the most important first. */
export function selectHints(facts: Facts, view: View): Hint[] {
	const scopes = scopesOf(view);
	// Beside it stand the same ones.
	const hints: Hint[] = view.asking === undefined ? [] : answerHints(view.asking);
	for (const {scope, keys, short, action} of facts.keys.bindings) {
		const [first] = keys;
		if (short === undefined || first === undefined || !scopes.includes(scope) || !isWorthShowing(action, facts, view)) {
			continue;
		}

		// A nearer place has its own use for the key.
		if (actionFor(first, scopes, facts.keys) !== action) {
			continue;
		}

		const label = wouldStart(action, facts, view) ? 'start' : short;
		const hint: Hint = {key: shownKey(first), label, ...(first === 'escape' ? {stays: true} : {})};
		// Without anything to manage, creating the first box, or the demo host, comes first; and a running task may be a mistake.
		const isNewcomers = action.type === 'setup' && view.screen === 'main';
		if (
			isNewcomers ||
			action.type === 'demo' ||
			action.type === 'ask-cancel' ||
			action.type === 'tour' ||
			action.type === 'return'
		) {
			hints.unshift(hint);
		} else {
			hints.push(hint);
		}
	}

	return hints;
}

/** Whether the key that stops or starts would start. */
function wouldStart(action: Binding['action'], facts: Facts, view: View): boolean {
	if (action.type === 'container') {
		return action.does === 'stop-or-start' && containerSituation({facts, view}, new Date(0))?.running === false;
	}

	const box = boxOf({facts, view});
	return action.type === 'stop-or-start' && box !== undefined && !isRunning(box);
}

/** The footer has room for few keys: not for those that do nothing now, nor for those that are told elsewhere. */
function isWorthShowing(action: Binding['action'], facts: Facts, view: View): boolean {
	switch (action.type) {
		// While it is there, it says itself how to leave it.
		case 'tour': {
			return view.tour?.shown === false;
		}

		case 'help': {
			return view.screen !== 'help';
		}

		case 'setup': {
			return action.does.what === 'open' ? isFirstRun(facts) : whyNot(action, facts, view) === undefined;
		}

		default: {
			return whyNot(action, facts, view) === undefined;
		}
	}
}

/** The panes one can go to. */
export function panesOf(layout: {sideWidth: number}): Pane[] {
	return layout.sideWidth > 0 ? ['gpus', 'boxes', 'side'] : ['gpus', 'boxes'];
}
