import type {Diagnostic} from '../../../base/failure.ts';
import {answersOf, cardRows, namesOfCards, planRows} from '../../../setup/plan.ts';
import {safeText} from '../../../text/safe.ts';
import type {Facts} from '../model.ts';
import type {View} from '../reduce.ts';
import {selectGpuPane} from '../selectors.ts';
import {shownFolder} from './other-folder.ts';
import {type Choice, choicesOf, cursorOf, questions, type SetupSituation, type SetupStep} from './setup.ts';

/**
A first run: the boxes are known, none of them is the user's, and the project has no gpubox.yaml. Then, and only then, setting
the folder up is offered where one looks.
*/
export function isFirstRun(facts: Facts): boolean {
	const {project} = facts.setup;
	return hasNoBox(facts) && project !== undefined && project.file === undefined;
}

/** The boxes are known, and none of them is the user's. With a box of their own there is no invitation, and the folder is not inspected. */
export function hasNoBox({box}: Facts): boolean {
	return box.phase === 'live' && !box.boxes.some(({mine}) => mine);
}

export function setupSituation(facts: Facts, view: View): SetupSituation {
	const {setup, gpu} = facts;
	const {host} = setup;
	const free = selectGpuPane(facts, view).items.filter(({state}) => state === 'free').length;
	const canStart = host.phase === 'known' ? host.look.canStart : host.phase === 'failed' ? true : undefined;
	return {
		file: setup.project?.file,
		folders: setup.folders,
		suggested: setup.suggested,
		busy: setup.busy,
		outcome: setup.outcome,
		cards: gpu.phase === 'waiting' ? undefined : {all: gpu.inventory?.gpus.length ?? 0, free},
		canStart,
	};
}

type Row = [label: string, value: string];

export type SetupPane = {
	title: string;
	note: string;
	/** What is asked, or told, above everything. */
	heading: string;
	/** What is planned, or what was answered so far; the commands on the card. */
	rows: Row[];
	/** Where the rows stand: they are what a plan is about, and a reminder beside a question. */
	rowsFirst: boolean;
	choices: Choice[];
	cursor: number;
	/** In place of choices, while what they depend on is not known. */
	waiting: string;
	problems: Diagnostic[];
	/** Below everything, a line each. */
	hints: string[];
	/** Cards, and who is on them. */
	cards: Array<{index: string; name: string; users: string[]; free: boolean}>;
};

const headings: Record<SetupStep, string> = {
	folder: 'Which folder?',
	use: 'What is it for?',
	gpus: 'How many GPUs?',
	data: 'Where is the data? It is mounted read-only, as /data.',
	plan: 'The plan:',
	card: 'Five commands to remember:',
};

const waits: Record<SetupStep, string> = {
	folder: '',
	use: '',
	gpus: 'Asking the driver …',
	data: 'Looking for folders with data …',
	plan: 'Checking the images …',
	card: '',
};

export function selectSetup(facts: Facts, view: View): SetupPane {
	const {setup} = view;
	const {step} = setup;
	const situation = setupSituation(facts, view);
	const choices = choicesOf(setup, situation);
	const place = (questions as readonly SetupStep[]).indexOf(step);
	return {
		title: step === 'folder' ? 'A box for another folder' : `Set up ${shownFolder(facts, setup)}`,
		note: place === -1 ? '' : `question ${place + 1} of ${questions.length}`,
		heading: step === 'gpus' ? `${headings.gpus} ${cardsInWords(facts, situation)}` : headings[step],
		rows: rowsOf(facts, view),
		rowsFirst: step === 'plan' || step === 'card',
		choices: choices.map((choice) => ({...choice, label: safeText(choice.label)})),
		cursor: cursorOf(setup, choices),
		waiting: choices.length === 0 ? waits[step] : '',
		problems: step === 'plan' ? problemsOf(facts) : [],
		hints: hintsOf(facts, view),
		cards: step === 'gpus' ? cardsOf(facts, view) : [],
	};
}

function cardsInWords({gpu}: Facts, {cards}: SetupSituation): string {
	if (cards === undefined) {
		return '';
	}

	const names = safeText(namesOfCards(gpu.inventory?.gpus ?? []).replaceAll('NVIDIA ', ''));
	return cards.all === 0 ? 'This host has no usable GPU.' : `Here: ${names}; ${cards.free} free.`;
}

function cardsOf(facts: Facts, view: View): SetupPane['cards'] {
	return selectGpuPane(facts, view).items.map(({index, name, users, noUsers, trouble, state}) => ({
		index,
		name,
		users: trouble === undefined ? (users.length === 0 ? [noUsers] : users) : [trouble],
		free: state === 'free',
	}));
}

function rowsOf(facts: Facts, view: View): Row[] {
	const {setup} = view;
	const {host, outcome} = facts.setup;
	if (setup.step === 'card') {
		return outcome === undefined ? [] : cardRows(outcome.box, outcome);
	}

	const look = host.phase === 'known' ? host.look : undefined;
	const {draft} = setup;
	const why = draft.image === undefined ? (look?.why ?? '') : '';
	const about = {file: look?.file ?? 'gpubox.yaml', why, downloads: look?.downloads ?? new Map()};
	const all = planRows(answersOf(draft, look?.image), about);
	if (setup.step === 'plan') {
		return look === undefined && host.phase === 'waiting'
			? all.filter(([label]) => /^(For|GPUs|Data)$/.test(label))
			: all;
	}

	const asked = {For: 'use', GPUs: 'gpus', Data: 'data'} as const;
	return all.filter(([label]) => {
		const question = asked[label as keyof typeof asked];
		return question !== undefined && question !== setup.step && draft[question] !== undefined;
	});
}

function problemsOf({setup: {host}}: Facts): Diagnostic[] {
	return host.phase === 'known' ? host.look.troubles : host.phase === 'failed' ? [host.problem] : [];
}

function hintsOf(facts: Facts, {setup}: View): string[] {
	if (setup.step === 'card') {
		return outcomeInWords(facts);
	}

	if (setup.step === 'folder') {
		return ['Tab completes. A box that is there is started.'];
	}

	return [
		...(setup.resumed ? ['Resuming from your saved answers. Esc goes back one step.'] : []),
		...(facts.demo && setup.step === 'plan' ? ['On the demo host no file is written, and the box is simulated.'] : []),
	];
}

function outcomeInWords({setup: {outcome}, box: boxes, demo}: Facts): string[] {
	if (outcome === undefined) {
		return [];
	}

	const {phase, file, box, address, use} = outcome;
	const written = demo ? `✓ Would have written ${file}` : `✓ Wrote ${file}`;
	switch (phase) {
		case 'written': {
			return [
				written,
				boxes.phase === 'no-engine' || boxes.phase === 'late'
					? '  Its box needs an engine; to set one up: gpubox doctor'
					: '  Press u to start its box',
			];
		}

		case 'starting': {
			return [written, `◌ Starting ${box}: the first time on a host takes a few minutes`];
		}

		case 'failed': {
			return [written, `✕ ${box} did not start; press u to try again`];
		}

		case 'up': {
			return [written, `✓ ${box} is up: ${address}${use === 'editor' ? '' : '  (o opens it)'}`];
		}
	}
}
