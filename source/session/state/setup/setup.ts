import type {SetupLook} from '../../../app/setup/setup.ts';
/** Setting the folder up, step by step: which lines there are to choose from, and what a key does. Nothing here looks, checks or writes. */
import type {Diagnostic} from '../../../base/failure.ts';
import {type Draft, isBegun, type Use, useFacts, uses} from '../../../setup/plan.ts';
import {charactersOf, type Edit, edit, emptyField, type Field, insert, textOf} from './field.ts';

export const questions = ['use', 'gpus', 'data'] as const;
/** `folder`: which one, where it is not the session's. */
export type SetupStep = 'folder' | (typeof questions)[number] | 'plan' | 'card';

/** Where the user is in it. */
export type SetupView = {
	step: SetupStep;
	/** Absolute, where it is not the session's own. */
	folder: string | undefined;
	draft: Draft;
	/** The line that is marked; undefined until a key moved the mark: then the one that suggests itself is. */
	cursor: number | undefined;
	/** A folder that is being typed. */
	field: Field | undefined;
	/** Why the last answer will not do. */
	fault: string;
	/** It goes on where it was left. */
	resumed: boolean;
	/** A key was pressed since it was opened. */
	touched: boolean;
};

/** What was found out for it, and what became of it. */
export type SetupState = {
	/** Undefined until it was checked. `begun`: there are answers of an earlier run. */
	project: {file: string | undefined; begun: boolean} | undefined;
	/** Where data is likely to be; undefined while that is being looked for. */
	folders: string[] | undefined;
	/** Which other folders suggest themselves for what is typed. */
	suggested: readonly string[];
	/** Those in which the user has a box or ran something, the newest first. */
	recent: readonly string[];
	host: {phase: 'waiting'} | {phase: 'known'; look: SetupLook} | {phase: 'failed'; problem: Diagnostic};
	/** A folder is being looked at, or the file written. */
	busy: boolean;
	outcome: SetupOutcome | undefined;
};

export type SetupOutcome = {
	file: string;
	use: Use;
	phase: 'written' | 'starting' | 'up' | 'failed';
	/** What it is called, or will be. */
	box: string;
	boxId: string | undefined;
	/** How to get in. */
	address: string;
};

export const noSetup: SetupState = {
	project: undefined,
	folders: undefined,
	suggested: [],
	recent: [],
	host: {phase: 'waiting'},
	busy: false,
	outcome: undefined,
};

/** What of the facts the lines and keys depend on. */
export type SetupSituation = Pick<SetupState, 'folders' | 'suggested' | 'busy' | 'outcome'> & {
	/** gpubox.yaml, where there is one already. */
	file: string | undefined;
	/** Undefined until the driver answered. */
	cards: {all: number; free: number} | undefined;
	/** Undefined until the images are judged. */
	canStart: boolean | undefined;
};

export type SetupAction =
	| {what: 'open' | 'open-other' | 'take' | 'back' | 'visit' | 'complete' | 'up'}
	| {what: 'move'; by: number}
	| {what: 'line'; key: string}
	| {what: 'edit'; how: Edit}
	| {what: 'insert'; text: string};

export type SetupEffect =
	| {type: 'setup-look'}
	| {type: 'setup-keep'; draft: Draft}
	| {type: 'setup-check'; folder: string}
	| {type: 'setup-suggest'; text: string}
	| {type: 'setup-choose'; folder: string}
	| {type: 'up'; image?: string; wait?: true; folder?: string}
	| {type: 'setup-write'; draft: Draft; start: boolean; folder?: string}
	| {type: 'open'; boxId: string}
	| {type: 'say'; text: string; fix: string};

/** A line to choose. */
export type Choice = {
	/** The key that takes it at once. */
	key: string;
	label: string;
	note: string;
	takes: {answer: Draft} | {folder: string} | {other: string} | 'type' | 'start' | 'write' | 'back';
};

/** The beginning, or the first question that is open still. */
export function startOf(draft: Draft, folder?: string): SetupView {
	return {
		folder,
		step: questions.find((question) => draft[question] === undefined) ?? 'plan',
		draft,
		cursor: undefined,
		field: undefined,
		fault: '',
		resumed: isBegun(draft),
		touched: false,
	};
}

/** With the answers of an earlier run, unless the user was faster. */
export function resume(setup: SetupView, earlier: Draft): SetupView {
	return setup.touched || setup.step === 'folder' || !isBegun(earlier) ? setup : startOf(earlier, setup.folder);
}

/** What became of a folder that was looked at. */
export function withFolder(setup: SetupView, found: {path: string} | {fault: string}): SetupView {
	if (setup.step !== 'data') {
		// One that went on meanwhile.
		return setup;
	}

	return 'fault' in found
		? {...setup, fault: found.fault}
		: {...stepTo(setup, 'plan'), draft: {...setup.draft, data: found.path}};
}

/** The lines of the present step; none while what they depend on is not known. */
export function choicesOf({step, draft}: SetupView, situation: SetupSituation): Choice[] {
	switch (step) {
		case 'folder': {
			return situation.suggested.map((each) => ({key: '', label: each, note: '', takes: {other: each}}));
		}

		case 'use': {
			return uses.map((use, place) => ({
				key: String(place + 1),
				label: useFacts[use].says,
				note: '',
				takes: {answer: {use}},
			}));
		}

		case 'gpus': {
			return gpuChoices(draft, situation);
		}

		case 'data': {
			return dataChoices(draft, situation);
		}

		case 'plan': {
			return planChoices(situation);
		}

		case 'card': {
			return [];
		}
	}
}

/** The keys are the numbers of GPUs, not of lines: who presses 4 means four. */
function gpuChoices({gpus: earlier}: Draft, {cards}: SetupSituation): Choice[] {
	if (cards === undefined) {
		return [];
	}

	const {all, free} = cards;
	const none: Choice = {key: '0', label: 'none', note: '', takes: {answer: {gpus: 'none'}}};
	if (all === 0) {
		const label = 'automatic: the least-used one';
		return [{key: '1', label, note: '', takes: {answer: {gpus: null}}}, none];
	}

	const counts = all <= 8 ? Array.from({length: all}, (_, place) => place + 1) : [1, 2, 4, 8, all];
	const choices: Choice[] = [
		...counts.map((count) => ({
			key: count < 10 ? String(count) : '',
			label: count === 1 ? '1 GPU' : `${count} GPUs`,
			note: count <= free ? '' : free === 0 ? 'none free now' : `only ${free} free now`,
			takes: {answer: {gpus: String(count)}},
		})),
		...(all === 1
			? []
			: [{key: 'a', label: 'all of a host', note: free < all ? `only ${free} free now` : '', takes: allOfThem}]),
		none,
	];
	const isKnown = choices.some(
		({takes}) => typeof takes === 'object' && 'answer' in takes && takes.answer.gpus === earlier,
	);
	return earlier === undefined || earlier === null || isKnown
		? choices
		: [...choices, {key: '', label: earlier, note: 'your previous answer', takes: {answer: {gpus: earlier}}}];
}

const allOfThem = {answer: {gpus: 'all'}};

function dataChoices({data: earlier}: Draft, {folders}: SetupSituation): Choice[] {
	if (folders === undefined) {
		return [];
	}

	const known = typeof earlier === 'string' && !folders.includes(earlier) ? [earlier, ...folders] : folders;
	return [
		...known.map((folder, place) => ({
			key: place < 8 ? String(place + 1) : '',
			label: folder,
			note: '',
			takes: {folder},
		})),
		{
			key: known.length < 8 ? String(known.length + 1) : '9',
			label: 'another folder (type it)',
			note: '',
			takes: 'type',
		},
		{key: '0', label: 'none: the data is in the project', note: '', takes: {answer: {data: null}}},
	];
}

function planChoices({canStart}: SetupSituation): Choice[] {
	const takes: Array<[label: string, takes: Choice['takes']]> =
		canStart === undefined
			? []
			: [
					...(canStart ? [['write it and start the box', 'start'] satisfies [string, 'start']] : []),
					[canStart ? 'only write it' : 'write it', 'write'],
					['back: change an answer', 'back'],
				];
	return takes.map(([label, each], place) => ({key: String(place + 1), label, note: '', takes: each}));
}

/** The place of the marked line. */
export function cursorOf(setup: SetupView, choices: readonly Choice[]): number {
	const {cursor, draft, step} = setup;
	if (cursor !== undefined) {
		return Math.max(0, Math.min(cursor, choices.length - 1));
	}

	if (step === 'folder') {
		// A path that is typed counts, until a line is chosen.
		return /[/~]/.test(textOf(setup.field ?? emptyField)) ? -1 : 0;
	}

	const answered = choices.findIndex(({takes}) => {
		if (typeof takes === 'string' || 'other' in takes || (step !== 'use' && step !== 'gpus' && step !== 'data')) {
			return false;
		}

		const value = 'folder' in takes ? takes.folder : takes.answer[step];
		return draft[step] !== undefined && value === draft[step];
	});
	// Without a likely folder, none is likelier than one to be typed.
	const suggested = step === 'data' && choices[0]?.takes === 'type' ? choices.length - 1 : 0;
	return Math.max(0, answered === -1 ? suggested : answered);
}

type Reduced = {
	setup: SetupView /** Where to go; the set-up screen unless told. */;
	screen?: 'main';
	effects: SetupEffect[];
};

/** What a key does to it. */
export function reduceSetup(before: SetupView, action: SetupAction, situation: SetupSituation): Reduced {
	if (action.what === 'open') {
		return open(before, situation);
	}

	if (action.what === 'open-other' || before.step === 'folder') {
		return reduceFolder(before, action, situation);
	}

	const setup = {...before, touched: true};
	const stay = (change: Partial<SetupView> = {}): Reduced => ({setup: {...setup, ...change}, effects: []});
	const {field, step} = setup;
	switch (action.what) {
		case 'move': {
			const choices = choicesOf(setup, situation);
			return field === undefined ? stay({cursor: moved(setup, choices, action.by), fault: ''}) : stay();
		}

		case 'line': {
			const choices = choicesOf(setup, situation);
			const place = choices.findIndex(({key}) => key === action.key);
			const choice = choices[place];
			return choice === undefined ? stay() : take({...setup, cursor: place}, choice, situation);
		}

		case 'take': {
			if (step === 'card') {
				return {...stay(), screen: 'main'};
			}

			if (field !== undefined) {
				return takeField(setup, field, situation);
			}

			const choices = choicesOf(setup, situation);
			const choice = choices[cursorOf(setup, choices)];
			return choice === undefined ? stay() : take(setup, choice, situation);
		}

		case 'back': {
			if (field !== undefined) {
				return stay({field: undefined, fault: ''});
			}

			return step === 'use' || step === 'card' ? {...stay(), screen: 'main'} : goBack(setup);
		}

		case 'complete': {
			return stay();
		}

		case 'up': {
			return {...stay(), screen: 'main', effects: [{type: 'up', ...folderOf(setup)}]};
		}

		case 'visit': {
			const boxId = situation.outcome?.boxId;
			return {
				setup,
				effects: [
					boxId === undefined
						? {type: 'say', text: 'The box is not up yet', fix: 'Press o when it is'}
						: {type: 'open', boxId},
				],
			};
		}

		case 'edit': {
			return field === undefined ? stay() : stay({field: edit(field, action.how), fault: ''});
		}

		case 'insert': {
			return field === undefined ? stay() : stay({field: insert(field, action.text), fault: ''});
		}
	}
}

function open(setup: SetupView, {file}: SetupSituation): Reduced {
	return file === undefined
		? {setup: startOf(setup.folder === undefined ? setup.draft : {}), effects: [{type: 'setup-look'}]}
		: {setup, screen: 'main', effects: [alreadyThere(file)]};
}

/** Never over a file that is there. */
export function alreadyThere(file: string): {type: 'say'; text: string; fix: string} {
	return {
		type: 'say',
		text: `gpubox.yaml already exists: ${file}`,
		fix: 'Press u to start its box; to replace the file: gpubox init --force',
	};
}

function take(setup: SetupView, {takes}: Choice, {busy}: SetupSituation): Reduced {
	if (takes === 'type') {
		return {setup: {...setup, field: emptyField, fault: ''}, effects: []};
	}

	if (takes === 'back') {
		return goBack(setup);
	}

	if (busy) {
		return {setup, effects: []};
	}

	if (takes === 'start' || takes === 'write') {
		return {setup, effects: [{type: 'setup-write', draft: setup.draft, start: takes === 'start', ...folderOf(setup)}]};
	}

	if ('other' in takes) {
		return {setup: {...setup, fault: ''}, effects: [{type: 'setup-choose', folder: takes.other}]};
	}

	if ('folder' in takes) {
		return {setup: {...setup, fault: ''}, effects: [{type: 'setup-check', folder: takes.folder}]};
	}

	const draft = {...setup.draft, ...takes.answer};
	return {setup: {...stepTo(setup, after(setup.step)), draft}, effects: [{type: 'setup-keep', draft}]};
}

function takeField(setup: SetupView, field: Field, {busy}: SetupSituation): Reduced {
	const folder = textOf(field).trim();
	if (folder === '') {
		return {setup: {...setup, field: undefined, fault: ''}, effects: []};
	}

	return {setup, effects: busy ? [] : [{type: 'setup-check', folder}]};
}

const steps: SetupStep[] = [...questions, 'plan', 'card'];

function after(step: SetupStep): SetupStep {
	return steps[steps.indexOf(step) + 1] ?? step;
}

/** Nothing for the session's own. */
function folderOf({folder}: SetupView): {folder?: string} {
	return folder === undefined ? {} : {folder};
}

function goBack(setup: SetupView): Reduced {
	return {setup: stepTo(setup, steps[steps.indexOf(setup.step) - 1] ?? setup.step), effects: []};
}

export function stepTo(setup: SetupView, step: SetupStep): SetupView {
	return {...setup, step, cursor: undefined, field: undefined, fault: '', resumed: false};
}

function moved(setup: SetupView, choices: readonly Choice[], by: number): number {
	return Math.max(0, Math.min(cursorOf(setup, choices) + by, choices.length - 1));
}

/** What became of another folder that was chosen: its questions begin, unless the user went on meanwhile. */
export function withOther(setup: SetupView, found: {path: string | undefined} | {fault: string}): SetupView {
	if (setup.step !== 'folder') {
		return setup;
	}

	return 'fault' in found ? {...setup, fault: found.fault} : startOf({}, found.path);
}

/** Choosing another folder: what is typed finds it, and below it are those that suggest themselves. */
function reduceFolder(before: SetupView, action: SetupAction, situation: SetupSituation): Reduced {
	const {field = emptyField} = before;
	const typed = (next: Field): Reduced => ({
		setup: {...before, field: next, cursor: undefined, fault: ''},
		effects: [{type: 'setup-suggest', text: textOf(next)}],
	});
	const choices = choicesOf(before, situation);
	const chosen = choices[cursorOf(before, choices)]?.label;
	switch (action.what) {
		case 'open-other': {
			const setup: SetupView = {...startOf({}), step: 'folder', field: emptyField};
			return {setup, effects: [{type: 'setup-suggest', text: ''}]};
		}

		case 'insert': {
			return typed(insert(field, action.text));
		}

		case 'edit': {
			return typed(edit(field, action.how));
		}

		case 'complete': {
			const text = completed(textOf(field), {chosen, labels: choices.map(({label}) => label)});
			return text === undefined ? {setup: before, effects: []} : typed({before: text, after: ''});
		}

		case 'move': {
			return choices.length === 0
				? {setup: before, effects: []}
				: {setup: {...before, cursor: moved(before, choices, action.by), fault: ''}, effects: []};
		}

		case 'take': {
			const folder = chosen ?? textOf(field).trim();
			const effects: SetupEffect[] = situation.busy || folder === '' ? [] : [{type: 'setup-choose', folder}];
			return {setup: before, effects};
		}

		case 'back': {
			return {setup: startOf({}), screen: 'main', effects: []};
		}

		default: {
			return {setup: before, effects: []};
		}
	}
}

/** As a shell completes: as far as all that is offered is the same, else the first of it. */
function completed(text: string, {chosen, labels}: {chosen: string | undefined; labels: string[]}): string | undefined {
	const [first] = labels;
	if (chosen !== undefined || first === undefined) {
		return chosen === undefined ? undefined : `${chosen}/`;
	}

	let common = first;
	while (!labels.every((label) => label.startsWith(common))) {
		common = charactersOf(common).slice(0, -1).join('');
	}

	return common.length > text.length && labels.length > 1 ? common : `${first}/`;
}
