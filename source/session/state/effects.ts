import {raiseStop} from '../job-control.ts';
import {lendTerminal} from '../terminal.ts';
import {attach, findIdleKernels, free, open, remove, restart, start, stop, up} from './boxes/effects.ts';
import {findUse, findUses} from './boxes/find-use.ts';
import {checkHost, runFix} from './checks/effects.ts';
import {withEntry} from './command-log/command-entry.ts';
import {commandLinesFor} from './command-log/command-lines.ts';
import {runVerb} from './command-log/run-command.ts';
import {changeSetting, loadSettings} from './config/effects.ts';
import type {Context} from './context.ts';
import {copy, findCopies} from './copy/effects.ts';
import {loadImages, pullImage, upWithImage} from './images/effects.ts';
import {findProcess, sendSignal} from './inspect/signal-effects.ts';
import {performLog} from './log/effects.ts';
import {enterContainer, startContainer, stopContainer} from './machine/effects.ts';
import {doBulk} from './marks/effects.ts';
import {turnMouse} from './mouse/effects.ts';
import {runOwn} from './own/effects.ts';
import {loadVerbs} from './palette/effects.ts';
import type {Effect} from './reduce.ts';
import {checkFolder, chooseFolder, keepDraft, lookForSetup, suggestFolders, writeSetup} from './setup/effects.ts';
import {withFacts} from './store.ts';

/** What `exit` is called with when the user wants to see the demo host. */
export const wantsDemo = Symbol('demo');
/** The same for the host that the session came over from. */
export const wantsReturn = Symbol('return');

/** The same for another host. */
export class GoToHost {
	readonly name: string;
	readonly address: string;

	constructor({name, address}: {name: string; address: string}) {
		this.name = name;
		this.address = address;
	}
}

type EffectTable = {[E in Effect as E['type']]: (context: Context, effect: E) => void};

/** What each effect does. Everything slow is loaded when it is first wanted, and shown as a task while it runs. */
const effects: EffectTable = {
	quit: ({terminal}) => void terminal.then(({exit}) => exit()),
	suspend: raiseStop,
	demo: ({terminal}) => void terminal.then(({exit}) => exit(wantsDemo)),
	return: ({terminal}) => void terminal.then(({exit}) => exit(wantsReturn)),
	'go-to-host': ({terminal}, to) => void terminal.then(({exit}) => exit(new GoToHost(to))),
	cancel: ({tasks}) => tasks.cancel(),
	dismiss: ({store}) => store.changeNow(withFacts(() => ({message: undefined}))),
	say: ({answer}, {text, fix}) => answer(text, fix),
	trust: ({trust}, {yes}) => trust.answer(yes),
	up,
	attach,
	open,
	start,
	stop,
	restart,
	remove,
	free,
	'find-process': findProcess,
	signal: sendSignal,
	bulk: doBulk,
	'find-uses': findUses,
	'find-copies': findCopies,
	copy,
	'load-verbs': loadVerbs,
	'run-verb': runVerb,
	'run-own': runOwn,
	'find-use': findUse,
	'find-idle-kernels': findIdleKernels,
	'load-images': loadImages,
	'stop-container': stopContainer,
	'start-container': startContainer,
	'enter-container': enterContainer,
	'pull-image': pullImage,
	'up-with-image': upWithImage,
	log: performLog,
	'check-host': checkHost,
	'run-fix': runFix,
	'load-settings': loadSettings,
	'change-setting': changeSetting,
	'setup-look': lookForSetup,
	'setup-keep': keepDraft,
	'setup-check': checkFolder,
	'setup-write': writeSetup,
	'setup-suggest': suggestFolders,
	mouse: turnMouse,
	'setup-choose': chooseFolder,
};

/** Everything else is refused in a session that is read-only. */
const harmless: ReadonlySet<Effect['type']> = new Set([
	'quit',
	'suspend',
	'demo',
	'mouse',
	'return',
	'go-to-host',
	'cancel',
	'dismiss',
	'say',
	'find-use',
	'find-uses',
	'find-process',
	'find-copies',
	'copy',
	'load-images',
	'check-host',
	'load-settings',
	'load-verbs',
	// Of these only those that look are offered then (select-palette.ts).
	'run-verb',
] satisfies Array<Effect['type']>);

/** Whether it changes nothing, neither on the host nor in files. */
export function isHarmless(effect: Effect): boolean {
	// Saving a log writes a file.
	return effect.type === 'log' ? effect.does.what !== 'save' : harmless.has(effect.type);
}

/** What reaches this machine and the user's own files, whatever host the session shows. */
const beyondHost: ReadonlySet<Effect['type']> = new Set([
	'run-fix',
	'run-own',
	'run-verb',
	'change-setting',
] satisfies Array<Effect['type']>);

/** To be called in place of what would change something. */
export function refuseReadOnly({answer}: Pick<Context, 'answer'>): void {
	answer('This session is read-only: nothing was done', 'Without --read-only it can be done');
}

export function perform(context: Context, effect: Effect): void {
	const {store} = context;
	const {facts} = store.get();
	if (facts.readOnly && !isHarmless(effect)) {
		refuseReadOnly(context);
		return;
	}

	if (facts.demo && beyondHost.has(effect.type)) {
		context.answer('This is a demo host: nothing was done');
		return;
	}

	const lines = commandLinesFor(effect, facts);
	if (lines.length > 0) {
		const at = new Date();
		store.change(
			withFacts(({commands}) => ({commands: lines.reduce((all, line) => withEntry(all, {at, line}), commands)})),
		);
	}

	const run = effects[effect.type] as (context: Context, effect: Effect) => void;
	run(context, effect);
}

/** Gives the terminal away while `work` runs. */
export async function standAside({store, terminal}: Context, work: () => Promise<void>): Promise<void> {
	// The first frame is on the screen a moment before the root component is connected.
	const {suspend} = await terminal;
	if (store.get().facts.lent) {
		// A shell in a box has the terminal, and has set it to pass on every key.
		const wasRaw = process.stdin.isRaw;
		process.stdin.setRawMode?.(false);
		await work();
		process.stdin.setRawMode?.(wasRaw);
		return;
	}

	store.hold();
	try {
		await lendTerminal(suspend, work);
	} finally {
		store.release();
	}
}
