import {isRunning} from '../../box/box.ts';
import {bindings} from './keymap.ts';
import type {Scope} from './keys/binding.ts';
import {shownKey} from './keys/key-names.ts';
import type {Facts} from './model.ts';
import {type Action, chosenBox, isComplete, type Pane, type View} from './reduce.ts';
import {isFirstRun} from './setup/select-setup.ts';
import type {SetupState} from './setup/setup.ts';
import {newestCancellable} from './tasks.ts';

/** Where the keyboard is, the nearest first. */
export function scopesOf(view: View): Scope[] {
	const tour: Scope[] = view.tour === undefined ? [] : ['tour'];
	if (view.asking !== undefined) {
		return view.asking.what === 'trust' ? ['confirm', 'trust', ...tour] : ['confirm', ...tour];
	}

	if (view.screen === 'setup') {
		return view.setup.field === undefined
			? [view.setup.step === 'card' ? 'card' : 'setup', 'anywhere', ...tour]
			: ['field'];
	}

	return view.screen === 'main' ? [view.focus, 'main', 'anywhere', ...tour] : [view.screen, 'anywhere', ...tour];
}

export type Hint = {key: string; label: string};

/** The keys worth showing now, the most important first. */
export function selectHints(facts: Facts, view: View, offered: {demo: boolean; images: boolean}): Hint[] {
	const scopes = scopesOf(view);
	const box = chosenBox(view, facts.box.boxes);
	const sense = (action: Action): boolean => {
		switch (action.type) {
			case 'demo': {
				return offered.demo;
			}

			case 'images': {
				return offered.images;
			}

			case 'return': {
				return facts.cameOver;
			}

			// While it is there, it says itself how to leave it.
			case 'tour': {
				return view.tour?.shown === false;
			}

			case 'arm': {
				return view.asking !== undefined && isComplete(view.asking);
			}

			case 'ask-cancel': {
				return newestCancellable(facts.tasks) !== undefined;
			}

			case 'setup': {
				return action.does.what === 'open' ? isFirstRun(facts) : action.does.what !== 'visit' || canVisit(facts.setup);
			}

			case 'up': {
				const {outcome} = facts.setup;
				// On the card only when there is something left to start.
				const isUnderWay = view.screen === 'setup' && (outcome?.phase === 'starting' || outcome?.phase === 'up');
				return facts.box.phase !== 'no-engine' && facts.box.phase !== 'late' && !isUnderWay;
			}

			case 'attach':
			case 'find-idle-kernels':
			case 'open': {
				return box !== undefined && isRunning(box);
			}

			case 'stop-or-start':
			case 'ask-remove':
			case 'show': {
				return box !== undefined;
			}

			default: {
				return true;
			}
		}
	};

	const hints: Hint[] = [];
	for (const {scope, keys, short, action} of bindings) {
		if (short === undefined || !scopes.includes(scope) || !sense(action)) {
			continue;
		}

		if (action.type === 'help' && view.screen === 'help') {
			continue;
		}

		const label = action.type === 'stop-or-start' && box !== undefined && !isRunning(box) ? 'start' : short;
		const hint = {key: shownKey(keys[0] ?? ''), label};
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

function canVisit({outcome}: SetupState): boolean {
	return outcome?.boxId !== undefined && outcome.use !== 'editor';
}

/** The demo host is offered where GPUs or an engine are missing. */
export function isDemoOffered(facts: Facts): boolean {
	const withoutGpu = facts.gpu.phase === 'silent' && facts.gpu.readings.length === 0;
	const {phase, boxes} = facts.box;
	const withoutEngine = phase === 'no-engine' || (phase === 'late' && boxes.length === 0);
	return !facts.demo && (withoutEngine || withoutGpu);
}

/** The panes one can go to. */
export function panesOf(layout: {sideWidth: number}): Pane[] {
	return layout.sideWidth > 0 ? ['gpus', 'boxes', 'side'] : ['gpus', 'boxes'];
}
