import type {Box} from '../../../box/box.ts';
import {jupyterUrl} from '../../../box/jupyter/server.ts';
import {type Answers, answersOf, boxNameFor, type Draft, isBegun} from '../../../setup/plan.ts';
import {safeText} from '../../../text/safe.ts';
import {up} from '../boxes/effects.ts';
import {startFolderBox} from '../boxes/start-box.ts';
import type {Context} from '../context.ts';
import {problemOf} from '../model.ts';
import {type SessionStore, withFacts} from '../store.ts';
import {type Done, isStartingFolder, type TaskHandle} from '../tasks.ts';
import {textOf} from './field.ts';
import {foldersFor, shownFolder, withTilde} from './other-folder.ts';
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
	withOther,
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
	change(store, ({project, suggested}) => ({...noSetup, project, suggested}));
	store.changeNow(withFacts(() => ({message: undefined})));
	for (const work of [remember(context), inspectHost(context), findFolders(context)]) {
		tasks.track(work.catch(fail));
	}
}

/** Keeps the answers so far, for a later time. */
export function keepDraft(context: Context, {draft}: {draft: Draft}): void {
	const setup = setupOf(context, folderNow(context));
	const keep = async () => (await setup).keep(draft);
	context.tasks.track(keep().catch(context.fail));
}

/** Finds other folders for what is typed: those in which the user has a box or ran something, the newest first, then those of the disk. */
export function suggestFolders(context: Context, {text}: {text: string}): void {
	const {store, tasks, fail} = context;
	const suggest = async () => {
		const others = await context.useCases.otherFolder(context.host);
		const recent = text === '' ? recentFolders(context, await others.recent()) : store.get().facts.setup.recent;
		const folders = foldersFor(text, recent, text === '' ? [] : await others.complete(text));
		const {step, field} = store.get().view.setup;
		if (step === 'folder' && field !== undefined && textOf(field) === text) {
			change(store, () => ({recent, suggested: folders}));
		}
	};
	tasks.track(suggest().catch(fail));
}

function recentFolders({store, folder}: Context, ran: readonly string[]): string[] {
	const mine = store
		.get()
		.facts.box.boxes.filter((box) => box.mine && box.projectPath !== '')
		.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
	const all = new Set([...mine.map(({projectPath}) => projectPath), ...ran]);
	// What cannot be shown as it is could not be typed either.
	return [...all].filter((path) => path !== folder && safeText(path) === path).map(withTilde);
}

/** Looks at another folder that was chosen: starts its box where it has one or a gpubox.yaml, and asks what it is to be where not. */
export function chooseFolder(context: Context, {folder: text}: {folder: string}): void {
	const {store, tasks, fail, useCases, host} = context;
	const choose = async () => {
		const found = await (await useCases.otherFolder(host)).choose(text);
		if (store.get().view.setup.step !== 'folder') {
			return;
		}

		if ('fault' in found) {
			show(store, (view) => withOther(view, found));
			return;
		}

		const {path, file} = found;
		const other = path === context.folder ? undefined : path;
		const has = ({mine, job, projectPath}: Box) => mine && job === undefined && projectPath === path;
		if (file !== undefined || store.get().facts.box.boxes.some(has)) {
			store.changeNow((state) => ({...state, view: {...state.view, screen: 'main', setup: startOf({})}}));
			up(context, other === undefined ? {} : {folder: other});
			return;
		}

		show(store, (view) => withOther(view, {path: other}));
		lookForSetup(context);
	};
	change(store, () => ({busy: true}));
	tasks.track(
		choose()
			.catch(fail)
			.finally(() => change(store, () => ({busy: false}))),
	);
}

/** Checks a folder that was chosen or typed. */
export function checkFolder(context: Context, {folder}: {folder: string}): void {
	const {store, tasks, fail} = context;
	change(store, () => ({busy: true}));
	const setupFor = setupOf(context, folderNow(context));
	const check = async () => {
		const setup = await setupFor;
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
export function writeSetup(
	context: Context,
	{draft, start, folder: other}: {draft: Draft; start: boolean; folder?: string},
): void {
	const {store, tasks, say} = context;
	const {facts} = store.get();
	const folder = other ?? context.folder;
	const {host} = facts.setup;
	if (start && isStartingFolder(facts.tasks, folder)) {
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
		const options = {startsFolder: folder, resume: other === undefined ? 'u resumes it' : 'N resumes it'};
		tasks.start(`Setting up ${shownFolder(facts, {folder: other})}`, options, async (task, signal) =>
			writeAndStart(context, {answers, outcome: await named(), other}, task, signal),
		);
	} else {
		tasks.start('Writing gpubox.yaml', {}, async () => {
			await write(context, {answers, outcome: await named(), other});
			return undefined;
		});
	}
}

type Wish = {answers: Answers; outcome: SetupOutcome; other: string | undefined};

/** @returns the outcome that is shown now */
async function write(context: Context, {answers, outcome, other}: Wish): Promise<SetupOutcome> {
	const {store} = context;
	let file: string;
	try {
		file = await (await setupOf(context, other ?? context.folder)).write(answers);
	} finally {
		change(store, () => ({busy: false}));
	}

	const written = {...outcome, file};
	change(store, () => ({outcome: written}));
	show(store, () => stepTo(startOf({}, other), 'card'));
	if (other === undefined) {
		await recall(context);
	}

	return written;
}

async function writeAndStart(context: Context, wish: Wish, task: TaskHandle, signal: AbortSignal): Promise<Done> {
	const written = await write(context, wish);
	const goOn = (next: Partial<SetupOutcome>) => {
		// Another one may have been begun meanwhile.
		change(context.store, ({outcome}) => (outcome === written ? {outcome: {...written, ...next}} : {}));
	};

	try {
		const {box, changed, text} = await startFolderBox(context, task, signal, {folder: wish.other});
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
	const {folder} = store.get().view.setup;
	const {file, draft} = folder === undefined ? await recall(context) : await (await setupOf(context, folder)).recall();
	if (store.get().view.setup.folder !== folder) {
		return;
	}

	if (file === undefined) {
		show(store, (setup) => resume(setup, draft));
		return;
	}

	store.changeNow((state) => ({...state, view: {...state.view, screen: 'main'}}));
	const {text, fix} = alreadyThere(file);
	say('note', text, fix);
}

async function recall(context: Context): Promise<{file: string | undefined; draft: Draft}> {
	const {file, draft} = await (await setupOf(context, context.folder)).recall();
	change(context.store, () => ({project: {file, begun: isBegun(draft)}}));
	return {file, draft};
}

async function inspectHost(context: Context): Promise<void> {
	const {host, store, signal} = context;
	const folder = folderNow(context);
	try {
		const look = await (await setupOf(context, folder)).look(signal);
		if (folderNow(context) === folder) {
			change(store, () => ({host: {phase: 'known', look}}));
		}
	} catch (error) {
		const problem = problemOf(error, host.engine.address);
		change(store, () => ({host: {phase: 'failed', problem}}));
	}
}

async function findFolders(context: Context): Promise<void> {
	try {
		const folders = await (await setupOf(context, folderNow(context))).folders();
		change(context.store, () => ({folders}));
	} catch (error) {
		// One can still type where it is.
		change(context.store, () => ({folders: []}));
		throw error;
	}
}

async function setupOf({useCases, host}: Context, folder: string) {
	return useCases.setup(host, folder);
}

/** The folder that is being set up. */
function folderNow({store, folder}: Context): string {
	return store.get().view.setup.folder ?? folder;
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
