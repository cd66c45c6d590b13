import type {Box} from '../../../box/box.ts';
import {jupyterUrl} from '../../../box/jupyter/server.ts';
import {type Answers, answersOf, boxNameFor, type Draft, isBegun} from '../../../setup/plan.ts';
import {startFolderBox} from '../boxes/start-box.ts';
import type {Context} from '../context.ts';
import {problemOf} from '../model.ts';
import {type SessionStore, withFacts} from '../store.ts';
import {type Done, isStartingFolder, type TaskHandle} from '../tasks.ts';
import {hasNoBox} from './select-setup.ts';
import {
	alreadyThere,
	noSetup,
	resume,
	type SetupOutcome,
	type SetupState,
	type SetupView,
	startOf,
	stepTo,
	withFolder,
} from './setup.ts';

/** To be called when it turns out whether the user has a box: looks at the project when it may be their first run. */
export function lookForFirstRun(context: Context): void {
	const {facts} = context.store.get();
	if (hasNoBox(facts) && facts.setup.project === undefined) {
		// Two files of both spellings, for example: `up` reports what is wrong with them.
		context.tasks.track(
			recall(context).then(
				() => {},
				() => {},
			),
		);
	}
}

/** Finds out what the screen needs: earlier answers, the host, folders with data. */
export function lookForSetup(context: Context): void {
	const {store, tasks, fail} = context;
	change(store, ({project}) => ({...noSetup, project}));
	store.changeNow(withFacts(() => ({message: undefined})));
	for (const work of [remember(context), inspectHost(context), findFolders(context)]) {
		tasks.track(work.catch(fail));
	}
}

/** Keeps the answers so far, for a later time. */
export function keepDraft(context: Context, {draft}: {draft: Draft}): void {
	const keep = async () => (await setupOf(context)).keep(draft);
	context.tasks.track(keep().catch(context.fail));
}

/** Checks a folder that was chosen or typed. */
export function checkFolder(context: Context, {folder}: {folder: string}): void {
	const {store, tasks, fail} = context;
	change(store, () => ({busy: true}));
	const check = async () => {
		const setup = await setupOf(context);
		const found = await setup.check(folder);
		show(store, (view) => withFolder(view, found));
		if ('path' in found) {
			await setup.keep(store.get().view.setup.draft);
		}
	};
	tasks.track(
		check()
			.catch(fail)
			.finally(() => change(store, () => ({busy: false}))),
	);
}

/** Writes gpubox.yaml, and starts the box where that was chosen. */
export function writeSetup(context: Context, {draft, start}: {draft: Draft; start: boolean}): void {
	const {store, tasks, say, folder} = context;
	const {facts} = store.get();
	const {host} = facts.setup;
	if (start && isStartingFolder(facts.tasks)) {
		say('note', 'A box of this folder is already being started.', 'Wait until it is up, then write');
		return;
	}

	const answers = answersOf(draft, host.phase === 'known' ? host.look.image : undefined);
	const outcome: SetupOutcome = {
		file: '',
		use: answers.use,
		phase: start ? 'starting' : 'written',
		box: '',
		boxId: undefined,
		address: '',
	};
	const named = async (): Promise<SetupOutcome> => ({
		...outcome,
		box: await boxNameFor(facts.person, folder, answers.name),
	});
	change(store, () => ({busy: true}));
	if (start) {
		tasks.start(`Setting up ${facts.folder}`, {startsFolder: true, resume: 'u resumes it'}, async (task, signal) =>
			writeAndStart(context, {answers, outcome: await named()}, task, signal),
		);
	} else {
		tasks.start('Writing gpubox.yaml', {}, async () => {
			await write(context, {answers, outcome: await named()});
			return undefined;
		});
	}
}

type Wish = {answers: Answers; outcome: SetupOutcome};

/** @returns the outcome that is shown now */
async function write(context: Context, {answers, outcome}: Wish): Promise<SetupOutcome> {
	const {store} = context;
	let file: string;
	try {
		file = await (await setupOf(context)).write(answers);
	} finally {
		change(store, () => ({busy: false}));
	}

	const written = {...outcome, file};
	change(store, () => ({outcome: written}));
	show(store, () => stepTo(startOf({}), 'card'));
	await recall(context);
	return written;
}

async function writeAndStart(context: Context, wish: Wish, task: TaskHandle, signal: AbortSignal): Promise<Done> {
	const written = await write(context, wish);
	const goOn = (next: Partial<SetupOutcome>) => {
		// Another one may have been begun meanwhile.
		change(context.store, ({outcome}) => (outcome === written ? {outcome: {...written, ...next}} : {}));
	};

	try {
		const {box, changed, text} = await startFolderBox(context, task, signal);
		goOn({phase: 'up', box: box.name, boxId: box.id, address: addressOf(box)});
		// A box is never changed without being asked to, not even by a new file.
		return {text, ...(changed ? {} : {fix: 'It is older than this file. To recreate it: gpubox up --recreate'})};
	} catch (error) {
		goOn({phase: 'failed'});
		throw error;
	}
}

async function remember(context: Context): Promise<void> {
	const {store, say} = context;
	const {file, draft} = await recall(context);
	if (file === undefined) {
		show(store, (setup) => resume(setup, draft));
		return;
	}

	store.changeNow((state) => ({...state, view: {...state.view, screen: 'main'}}));
	const {text, fix} = alreadyThere(file);
	say('note', text, fix);
}

async function recall(context: Context): Promise<{file: string | undefined; draft: Draft}> {
	const {file, draft} = await (await setupOf(context)).recall();
	change(context.store, () => ({project: {file, begun: isBegun(draft)}}));
	return {file, draft};
}

async function inspectHost(context: Context): Promise<void> {
	const {host, store, signal} = context;
	try {
		const look = await (await setupOf(context)).look(signal);
		change(store, () => ({host: {phase: 'known', look}}));
	} catch (error) {
		const problem = problemOf(error, host.engine.address);
		change(store, () => ({host: {phase: 'failed', problem}}));
	}
}

async function findFolders(context: Context): Promise<void> {
	try {
		const folders = await (await setupOf(context)).folders();
		change(context.store, () => ({folders}));
	} catch (error) {
		// One can still type where it is.
		change(context.store, () => ({folders: []}));
		throw error;
	}
}

async function setupOf({useCases, host, folder}: Context) {
	return useCases.setup(host, folder);
}

function change(store: SessionStore, update: (setup: SetupState) => Partial<SetupState>): void {
	store.changeNow(withFacts(({setup}) => ({setup: {...setup, ...update(setup)}})));
}

function show(store: SessionStore, update: (setup: SetupView) => SetupView): void {
	store.changeNow((state) => ({...state, view: {...state.view, setup: update(state.view.setup)}}));
}

function addressOf(box: Box): string {
	return jupyterUrl(box) ?? (box.addresses.ssh === undefined ? '' : `ssh ${box.name}`);
}
