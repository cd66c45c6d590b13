import {Failure} from '../../../base/failure.ts';
import {type Box, isRunning} from '../../../box/box.ts';
import type {Context} from '../context.ts';
import type {Question} from '../reduce.ts';
import {shownFolder} from '../setup/other-folder.ts';
import {lendToShell} from '../shell.ts';
import {type Done, isBusy, isStartingFolder} from '../tasks.ts';
import {startFolderBox} from './start-box.ts';

type About = {boxId: string};

/** Starts the box of the working directory, or of another `folder`; a new one with `image` where that is given. */
export function up(context: Context, {image, wait, folder}: {image?: string; wait?: true; folder?: string}): void {
	const {store, tasks, say} = context;
	const {facts} = store.get();
	const shown = shownFolder(facts, {folder});
	const title = wait ? `Queue for GPUs for ${shown}` : `Start box for ${shown}`;
	const startsFolder = folder ?? context.folder;
	if (isStartingFolder(facts.tasks, startsFolder)) {
		say('note', 'It is already being started.');
		return;
	}

	const resume = folder === undefined ? (wait ? 'W queues again' : 'u resumes it') : 'N resumes it';
	tasks.start(title, {startsFolder, resume}, async (task, signal) => {
		const {text, box} = await startFolderBox(context, task, signal, {image, wait, folder});
		if (wait) {
			context.happened({
				kind: 'box-started',
				severity: 'good',
				text,
				fix: 'a gives a shell in it',
				about: {box: box.name},
			});
		}

		return {
			text,
			fix: box.services.includes('jupyter') ? 'o opens it, a gives a shell in it' : 'a gives a shell in it',
		};
	});
}

export function start(context: Context, {boxId}: About): void {
	startOn(
		context,
		boxId,
		(box) => `Starting ${box.name}`,
		async (box) => {
			const {startBox} = await import('../../../box/up/lifecycle.ts');
			await startBox(context.host, box, context.signal);
			return {text: `${box.name} is running again`};
		},
	);
}

export function stop(context: Context, {boxId}: About): void {
	startOn(
		context,
		boxId,
		(box) => `Stopping ${box.name}`,
		async (box) => {
			const [{stopBox}, {tellOwner}] = await Promise.all([
				import('../../../box/up/lifecycle.ts'),
				import('../../../box/up/tell-owner.ts'),
			]);
			const notes = isRunning(box) ? await tellOwner(context.host, box, 'stopped') : [];
			await stopBox(context.host, box, context.signal);
			return {
				text: [`${box.name} is stopped`, ...notes].join('. '),
				// How a job ended is told once that is known.
				fix: box.job ? `What it left: gpubox runs show ${box.name}` : 's starts it again, with the same address',
			};
		},
	);
}

export function restart(context: Context, {boxId}: About): void {
	startOn(
		context,
		boxId,
		(box) => `Restarting ${box.name}`,
		async (box) => {
			const {actOn} = await import('../marks/act-on.ts');
			const notes = await actOn(context.host, box, 'restart', context.signal);
			return {text: [`${box.name} is running again`, ...notes].join('. ')};
		},
	);
}

export function remove(context: Context, {boxId}: About): void {
	startOn(
		context,
		boxId,
		(box) => `Removing ${box.name}`,
		async (box) => {
			const [{removeBox}, {tellOwner}] = await Promise.all([
				import('../../../box/up/remove-box.ts'),
				import('../../../box/up/tell-owner.ts'),
			]);
			const notes = await tellOwner(context.host, box, 'removed');
			// What is kept of a job is completed first.
			const note =
				box.job && box.mine
					? await (await import('../../../app/runs/remove.ts')).removeJob(context.host, box, context.signal)
					: await removeBox(context.host, box);
			return {
				text: [`${box.name} is removed`, ...notes].join('. '),
				...(note ? {fix: `${note.message} ${note.fix}`} : {}),
			};
		},
	);
}

export function open(context: Context, {boxId}: About): void {
	startOn(
		context,
		boxId,
		(box) => `Opening ${box.name}`,
		async (box) => {
			return openJupyter(context, box);
		},
	);
}

/** The URL is shown in any case: it is also of use to someone at another machine. */
async function openJupyter({host}: Context, box: Box): Promise<Done> {
	const {openingOf, openUrl} = await import('../../../app/boxes/open-box.ts');
	const {url, tunnel} = openingOf(host, box, {
		noJupyter: 'a gives a shell in it',
		notYours: 'Ask them for the URL; u starts a box of your own',
		notRunning: 's starts it',
		noAddress: 'Its log shows how far it is',
	});
	if (host.demo) {
		return {text: url, fix: 'On a real host this opens in the browser; there is no server behind it here'};
	}

	const opened = await openUrl(url);
	if (opened.kind === 'no-desktop') {
		return {text: url, ...(tunnel === undefined ? {} : {fix: `First, on your own machine: ${tunnel}`})};
	}

	return opened.kind === 'opened'
		? {text: `Opened ${url}`}
		: {text: url, fix: `${opened.problem}. Open the address yourself`};
}

/** Asks whether to shut down the kernels that compute nothing. */
export function findIdleKernels(context: Context, {boxId}: About): void {
	const {host, store, signal} = context;
	startOn(
		context,
		boxId,
		(box) => `Looking at the kernels of ${box.name}`,
		async (box) => {
			const {findIdleKernels: find} = await import('./idle-kernels.ts');
			const kernels = await find(host, box, signal);
			if (kernels.length === 0) {
				return {text: `No kernel of ${box.name} is idle`};
			}

			const {name, owner} = box;
			const asking: Question = {what: 'free', boxId, name, owner, mine: true, kernels};
			store.change((state) => ({...state, view: {...state.view, asking}}));
			return undefined;
		},
	);
}

export function free(context: Context, {boxId, kernels}: About & {kernels: string[]}): void {
	startOn(
		context,
		boxId,
		(box) => `Shutting down kernels of ${box.name}`,
		async (box) => {
			const {freeKernels} = await import('./idle-kernels.ts');
			await freeKernels(context.host, box, kernels, context.signal);
			return {text: `The idle kernels of ${box.name} are shut down, their GPU memory is free`};
		},
	);
}

/** A shell in the box, on this terminal. */
export function attach(context: Context, {boxId}: About): void {
	const {host, store} = context;
	const box = store.get().facts.box.boxes.find(({id}) => id === boxId);
	if (box === undefined) {
		return;
	}

	lendToShell(context, box.name, async () => {
		const [{openShell}, {mayEnter, refuseToEnter}, {whyNotRunning}] = await Promise.all([
			import('../../../box/open-shell.ts'),
			import('../../../box/enter.ts'),
			import('../../../box/up/not-running.ts'),
		]);
		if (!mayEnter(host, box)) {
			throw refuseToEnter(box);
		}

		const why = whyNotRunning(box);
		if (why !== undefined) {
			throw new Failure(why.message, {fix: why.fix ?? 's starts it'});
		}

		return {
			greeting: `A shell in ${box.name}: exit ends it, Ctrl-P Ctrl-Q detaches: it keeps running, and a returns to it.`,
			run: () => openShell(host, box, process),
		};
	});
}

/** Runs a task on one box, on which only one thing may be done at a time. */
function startOn(
	{store, tasks, say}: Context,
	boxId: string,
	title: (box: Box) => string,
	run: (box: Box) => Promise<Done | undefined>,
): void {
	const {facts} = store.get();
	const box = facts.box.boxes.find(({id}) => id === boxId);
	if (box === undefined) {
		say('note', 'This box no longer exists.');
	} else if (isBusy(facts.tasks, boxId)) {
		say('note', `A task is already running on ${box.name}.`);
	} else {
		tasks.start(title(box), {boxId}, async () => run(box));
	}
}

/** Shows that Docker's configuration is ignored. */
export function showConfigFault({host, say}: Pick<Context, 'host' | 'say'>): void {
	const fault = host.dockerConfigFault;
	if (fault && !host.demo) {
		say('note', fault.message, fault.fix);
	}
}
