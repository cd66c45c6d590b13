/** What a key does here and now, in words, and why it does nothing where that is so. For the footer, the help and the palette. */

import {type Box, isRunning} from '../../../box/box.ts';
import {ownerText} from '../../../box/list.ts';
import {boxOf} from '../boxes/shown-boxes.ts';
import {chosenCheck, chosenCommand, fixOf} from '../checks/doctor.ts';
import {shownChecks, whyNotFix} from '../checks/select-doctor.ts';
import {isListName} from '../lists/reduce-lists.ts';
import {unreadLog} from '../log/log-subject.ts';
import {askToRead, type ContainerAction, type ContainerSituation} from '../machine/ask-container.ts';
import {
	chosenContainer,
	chosenHost,
	chosenImage,
	containerSituation,
	leadFrom,
	selectList,
	settingSituation,
} from '../machine/select-lists.ts';
import {type Facts, isDemoOffered} from '../model.ts';
import {missingFor, type OwnCommand} from '../own/own-commands.ts';
import {whyMissing} from '../own/reduce-own.ts';
import {ownValues} from '../own/select-own.ts';
import {type Action, isComplete, type View} from '../reduce.ts';
import {textOf} from '../setup/field.ts';
import {isStartingFolder, newestCancellable} from '../tasks.ts';
import {eventOf} from '../tells/event-rows.ts';
import {ownHolder, whyNotOthers} from '../tells/others/select-others.ts';
import type {Binding} from './binding.ts';

/** What the key would do now. Safe to print. */
export function labelHere({label, action}: Pick<Binding, 'label' | 'action'>, facts: Facts, view: View): string {
	if (action.type === 'container') {
		return labelOnContainer(action, label, containerSituation({facts, view}, anyTime), view);
	}

	if (action.type === 'hand-back') {
		const holder = ownHolder(facts, view);
		return holder === undefined ? label : `Hand the GPU back: stop ${holder.name} (asks)`;
	}

	const box = boxOf({facts, view});
	if (box === undefined) {
		return label;
	}

	switch (action.type) {
		case 'stop-or-start': {
			return isRunning(box) ? `Stop ${box.name} (asks)` : `Start ${box.name}`;
		}

		case 'attach': {
			return `Shell in ${box.name}`;
		}

		case 'open': {
			return `Open Jupyter of ${box.name}`;
		}

		case 'begin-command': {
			return action.verb === 'extend' ? `Extend the reservation of ${box.name} …` : `Message to ${ownerText(box)} …`;
		}

		case 'show': {
			return unreadLog({facts, view}) === undefined ? label : `Log of ${box.name} (asks)`;
		}

		case 'ask-restart': {
			return isRunning(box) ? `Restart ${box.name} (asks)` : `Start ${box.name}`;
		}

		case 'ask-remove': {
			return `Remove ${box.name} (asks)`;
		}

		default: {
			return label;
		}
	}
}

/** Which row is chosen does not depend on the time. */
const anyTime = new Date(0);

function labelOnContainer(
	{does}: ContainerAction,
	label: string,
	container: ContainerSituation | undefined,
	{readable}: View,
): string {
	if (container === undefined) {
		return label;
	}

	const {name, running, box} = container;
	switch (does) {
		case 'stop-or-start': {
			return running ? `Stop ${name} (asks)` : box ? `Start ${name}` : `Start ${name} (asks)`;
		}

		case 'attach': {
			return box ? `Shell in ${name}` : `Shell in ${name} (asks)`;
		}

		case 'log': {
			return `Log of ${name}${askToRead(container, readable) ? ' (asks)' : ''}`;
		}

		default: {
			return label;
		}
	}
}

function whyNotOnContainer({does}: ContainerAction, facts: Facts, view: View): string | undefined {
	const container = containerSituation({facts, view}, anyTime);
	if (container === undefined) {
		return whyNoContainer(facts, view);
	}

	if (does === 'log') {
		return undefined;
	}

	if (container.box) {
		const box = facts.box.boxes.find(({id}) => id === container.id);
		return whyNotForBox(facts, box, does);
	}

	const {claim, running} = container;
	const isOfBoxes = does === 'open' || does === 'ask-remove';
	return claim
		? 'it holds the place of a box'
		: isOfBoxes
			? 'it is not a box'
			: does === 'attach' && !running
				? 'it is stopped'
				: undefined;
}

/** Undefined where one is chosen. */
function whyNoContainer(facts: Facts, view: View): string | undefined {
	if (containerSituation({facts, view}, anyTime) !== undefined) {
		return undefined;
	}

	return view.screen !== 'processes'
		? 'there is no container'
		: chosenContainer({facts, view}, anyTime) === undefined
			? 'it is in no container'
			: 'not among the containers';
}

function whyNotElsewhere(type: 'hosts' | 'return', {offers, cameOver}: Facts): string | undefined {
	return type === 'hosts'
		? offers.hosts
			? undefined
			: 'no other hosts here'
		: cameOver
			? undefined
			: 'you came from no other';
}

/** Why no row is chosen. */
function none(all: readonly unknown[], noun: string): string {
	return all.length === 0 ? `there is no ${noun}` : `the filter finds no ${noun}`;
}

/** Undefined where a row is chosen that the key can be about. */
function whyNoRow(facts: Facts, view: View): string | undefined {
	switch (view.screen) {
		case 'images': {
			return chosenImage({facts, view}) === undefined ? none(facts.images.choices, 'image') : undefined;
		}

		case 'hosts': {
			return chosenHost({facts, view}) === undefined ? none(facts.hosts.names, 'host') : undefined;
		}

		default: {
			return isListName(view.screen) ? whyNoContainer(facts, view) : undefined;
		}
	}
}

/** Why an event leads nowhere. */
function whyNotFrom(id: string, facts: Facts): string | undefined {
	if (leadFrom('events', id, facts) !== undefined) {
		return undefined;
	}

	const {about} = eventOf(id, facts) ?? {};
	return about === undefined ? 'it leads nowhere' : 'box' in about ? 'the box is gone' : 'the GPU is gone';
}

function whyNotOnList({does}: Extract<Action, {type: 'list'}>, facts: Facts, view: View): string | undefined {
	if (view.screen === 'main') {
		return does.type !== 'view' && facts.box.boxes.length === 0 ? 'there is no box' : undefined;
	}

	if (does.type === 'copy-row') {
		const {screen} = view;
		return isListName(screen) && selectList(screen, facts, view, anyTime).chosen === undefined
			? 'there is nothing to copy'
			: undefined;
	}

	if (does.type !== 'enter-row') {
		return undefined;
	}

	switch (view.screen) {
		case 'containers': {
			const container = containerSituation({facts, view}, anyTime);
			return container?.box === false ? 'it is not a box' : whyNoContainer(facts, view);
		}

		case 'processes': {
			return whyNoContainer(facts, view);
		}

		case 'events': {
			const event = selectList('events', facts, view, anyTime).chosen;
			return event === undefined ? none(facts.tells.events.happened, 'event') : whyNotFrom(event.id, facts);
		}

		case 'disk':
		case 'commands': {
			return 'it leads nowhere';
		}

		default: {
			return undefined;
		}
	}
}

/** Keys that change something, or lead to where something is changed. What they would do is refused in any case (effects.ts). */
const changing: ReadonlySet<Action['type']> = new Set([
	'up',
	'attach',
	'open',
	'stop-or-start',
	'ask-restart',
	'ask-remove',
	'find-idle-kernels',
	'pull-image',
	'up-with-image',
	'ask-signal',
	'container',
	'own-command',
	'queue-up',
	'hand-back',
	'begin-command',
] satisfies Array<Action['type']>);

/** Whether the session is read-only, and the key would change something. */
export function isRefused(action: Action, {readOnly}: Facts): boolean {
	const opensSetup = action.type === 'setup' && ['open', 'open-other', 'visit', 'up'].includes(action.does.what);
	const fixes =
		(action.type === 'doctor' && action.does.what === 'ask-fix') ||
		(action.type === 'config' && ['change', 'unset', 'take'].includes(action.does.what));
	const onlyReads = action.type === 'container' && action.does === 'log';
	return readOnly && !onlyReads && (opensSetup || fixes || changing.has(action.type));
}

/** Why the key does nothing now, in a few words; undefined where it does what it says. Safe to print. */
export function whyNot(action: Action, facts: Facts, view: View): string | undefined {
	if (isRefused(action, facts)) {
		return 'read-only session';
	}

	switch (action.type) {
		case 'own-command': {
			return whyNotOwn(action.command, facts, view);
		}

		case 'container': {
			return whyNotOnContainer(action, facts, view);
		}

		case 'copy-menu':
		case 'pull-image':
		case 'up-with-image':
		case 'go-to-host': {
			return whyNoRow(facts, view);
		}

		case 'config': {
			const isChange = action.does.what === 'change' || action.does.what === 'unset';
			return isChange ? whyNotChange(action.does.what === 'unset', facts, view) : undefined;
		}

		case 'doctor': {
			return whyNotOnDoctor(action, facts, view);
		}

		case 'demo': {
			return isDemoOffered(facts) ? undefined : facts.demo ? 'this is one' : 'GPUs and engine are here';
		}

		case 'hosts':
		case 'return': {
			return whyNotElsewhere(action.type, facts);
		}

		case 'list': {
			return whyNotOnList(action, facts, view);
		}

		case 'open-gpu': {
			return facts.gpu.readings.length === 0 ? 'there is no GPU' : undefined;
		}

		case 'ask-signal': {
			return view.inspect.cursorMs === undefined ? undefined : 'it shows an earlier time';
		}

		case 'arm': {
			return view.asking !== undefined && isComplete(view.asking) ? undefined : 'still looking at what uses it';
		}

		case 'ask-cancel': {
			return newestCancellable(facts.tasks) === undefined ? 'nothing to cancel' : undefined;
		}

		case 'dismiss': {
			return whyNotDismiss(facts, view);
		}

		case 'scroll':
		case 'log': {
			return whyNotInLog(facts, view);
		}

		case 'up':
		case 'queue-up': {
			return whyNotUp(facts, view);
		}

		case 'hand-back':
		case 'begin-command': {
			return whyNotOthers(action, facts, view);
		}

		case 'setup': {
			return whyNotSetUp(facts, view, action);
		}

		case 'attach':
		case 'find-idle-kernels':
		case 'open':
		case 'stop-or-start':
		case 'ask-remove':
		case 'open-box':
		case 'ask-restart':
		case 'mark':
		case 'show': {
			return whyNotForBox(facts, boxOf({facts, view}), action.type);
		}

		default: {
			return undefined;
		}
	}
}

function whyNotDismiss({message}: Facts, {zoom, marks, lists}: View): string | undefined {
	const isNothing =
		message === undefined && zoom === undefined && marks.length === 0 && textOf(lists.boxes.filter) === '';
	return isNothing ? 'nothing to put away' : undefined;
}

function whyNotInLog(facts: Facts, view: View): string | undefined {
	const unread = unreadLog({facts, view});
	return unread !== undefined
		? `the log of ${unread.owner} is not shown yet`
		: view.side === 'log'
			? undefined
			: 'the log is not shown';
}

function whyNotChange(unset: boolean, facts: Facts, view: View): string | undefined {
	const setting = settingSituation({facts, view}, anyTime);
	return facts.demo
		? 'your settings are not changed from the demo host'
		: setting === undefined
			? 'there is no setting'
			: unset && setting.place !== 'personal'
				? 'it is not set by you'
				: undefined;
}

function whyNotOnDoctor({does}: Extract<Action, {type: 'doctor'}>, facts: Facts, view: View): string | undefined {
	const {phase} = facts.doctor;
	const checks = shownChecks(facts, view);
	const check = chosenCheck(view.doctor, checks);
	switch (does.what) {
		case 'ask-fix': {
			return whyNotFix(check, facts, view);
		}

		case 'copy': {
			return chosenCommand(view.doctor, check) === undefined ? 'there is no command to copy' : undefined;
		}

		case 'command': {
			return (fixOf(check)?.commands.length ?? 0) > 1 ? undefined : 'there are not several';
		}

		case 'problem': {
			return checks.some(({status}) => status === 'fail' || status === 'warn') ? undefined : 'no problem was found';
		}

		case 'again':
		case 'all': {
			return phase === 'checking' ? 'it is being checked' : undefined;
		}

		default: {
			return undefined;
		}
	}
}

/** Boxes of the demo host are known to no other program. */
function whyNotOwn(command: OwnCommand, facts: Facts, view: View): string | undefined {
	if (facts.demo) {
		return 'runs on a real host only';
	}

	const [missing] = missingFor(command, ownValues(facts, view));
	return missing === undefined ? undefined : whyMissing(missing);
}

function whyNotUp(facts: Facts, view: View): string | undefined {
	const {outcome} = facts.setup;
	// On the card only when there is something left to start.
	const isUnderWay = view.screen === 'setup' && (outcome?.phase === 'starting' || outcome?.phase === 'up');
	if (isUnderWay || isStartingFolder(facts.tasks, facts.folderPath)) {
		return 'it is being started';
	}

	return facts.box.phase === 'no-engine' || facts.box.phase === 'late' ? 'no engine answers' : undefined;
}

function whyNotSetUp(facts: Facts, view: View, {does}: Extract<Action, {type: 'setup'}>): string | undefined {
	const {setup} = facts;
	if (does.what === 'up') {
		return whyNotUp(facts, view);
	}

	if (does.what === 'complete') {
		return view.setup.step === 'folder' ? undefined : 'there is nothing to complete';
	}

	if (does.what === 'visit') {
		const {outcome} = setup;
		return outcome?.boxId !== undefined && outcome.use !== 'editor' ? undefined : 'there is nothing to open';
	}

	return does.what === 'open' && setup.project?.file !== undefined ? 'it has a gpubox.yaml' : undefined;
}

type BoxKey =
	| 'attach'
	| 'find-idle-kernels'
	| 'open'
	| 'stop-or-start'
	| 'ask-remove'
	| 'ask-restart'
	| 'mark'
	| 'open-box'
	| 'show';

/** What leads into a box, or to what it serves. */
const insideKeys: ReadonlySet<BoxKey> = new Set(['attach', 'find-idle-kernels', 'open']);

function whyNotForBox(facts: Facts, box: Box | undefined, type: BoxKey): string | undefined {
	if (box === undefined) {
		return facts.box.boxes.length === 0 ? 'there is no box' : 'the filter finds no box';
	}

	if (!insideKeys.has(type)) {
		return undefined;
	}

	if (!isRunning(box)) {
		return 'it is stopped';
	}

	// What is inside a box is its owner's; root may enter all.
	const isClosed = !box.mine && !(type === 'attach' && facts.root);
	if (isClosed) {
		return `it belongs to ${ownerText(box)}`;
	}

	return type === 'attach' || box.services.includes('jupyter') ? undefined : 'it has no Jupyter';
}
