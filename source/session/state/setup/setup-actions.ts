import type {SetupOptions} from '../../../app/setup/setup.ts';
import type {Diagnostic} from '../../../base/failure.ts';
import type {Box} from '../../../box/box.ts';
import {jupyterUrl} from '../../../box/jupyter/server.ts';
import {answersOf, boxNameFor, type Draft, isBegun} from '../../../setup/plan.ts';
import type {BoxStarter} from '../boxes/start-box.ts';
import {type SessionStore, withFacts} from '../session-state.ts';
import type {TaskHandle} from '../tasks.ts';
import {hasNoBox} from './select-setup.ts';
import {
	alreadyThere,
	noSetup,
	resume,
	type SetupEffect,
	type SetupOutcome,
	type SetupState,
	type SetupView,
	startOf,
	stepTo,
	withFolder,
} from './setup.ts';

type Done = {text: string; fix?: string};

/** What all actions of the session are made with. */
export type Tools = {
	say: (kind: 'note', text: string, fix: string) => void;
	fail: (error: unknown) => void;
	/** Runs something as a task; what it returns is said as its success. With a way `back` the person may break it off. */
	start: (
		title: string,
		run: (task: TaskHandle, signal: AbortSignal) => Promise<Done | undefined>,
		back?: string,
	) => void;
	/** Something that is waited for at the end. */
	track: (work: Promise<void>) => void;
	problemOf: (error: unknown) => Diagnostic;
	starter: BoxStarter | undefined;
	signal: AbortSignal;
	folder: string;
};

export type SetupActions = {
	perform(effect: Exclude<SetupEffect, {type: 'open' | 'say'}>): void;
	/** To be called after every change. Looks at the project once, as soon as it may be a person's first run. */
	mayBeFirstRun(): void;
};

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: older than the limit
export function createSetupActions(store: SessionStore, options: SetupOptions, tools: Tools): SetupActions {
	const change = (update: (setup: SetupState) => Partial<SetupState>) => {
		store.changeNow(withFacts(({setup}) => ({setup: {...setup, ...update(setup)}})));
	};

	const show = (update: (setup: SetupView) => SetupView) => {
		store.changeNow((state) => ({...state, view: {...state.view, setup: update(state.view.setup)}}));
	};

	let recalled = false;
	const recall = async () => {
		const {file, draft} = await options.recall();
		change(() => ({project: {file, begun: isBegun(draft)}}));
		return {file, draft};
	};

	const leaveFor = (file: string) => {
		store.changeNow((state) => ({...state, view: {...state.view, screen: 'main'}}));
		const {text, fix} = alreadyThere(file);
		tools.say('note', text, fix);
	};

	const look = () => {
		recalled = true;
		change(({project}) => ({...noSetup, project}));
		store.changeNow(withFacts(() => ({message: undefined})));
		const remember = async () => {
			const {file, draft} = await recall();
			if (file === undefined) {
				show((setup) => resume(setup, draft));
			} else {
				leaveFor(file);
			}
		};

		const judge = async () => {
			try {
				const found = await options.look(tools.signal);
				change(() => ({host: {phase: 'known', look: found}}));
			} catch (error) {
				change(() => ({host: {phase: 'failed', problem: tools.problemOf(error)}}));
			}
		};

		const findFolders = async () => {
			try {
				const folders = await options.folders();
				change(() => ({folders}));
			} catch (error) {
				// One can still type where it is.
				change(() => ({folders: []}));
				throw error;
			}
		};

		for (const work of [remember(), judge(), findFolders()]) {
			tools.track(work.catch(tools.fail));
		}
	};

	const check = (folder: string) => {
		change(() => ({busy: true}));
		const work = async () => {
			const found = await options.check(folder);
			show((setup) => withFolder(setup, found));
			if ('path' in found) {
				await options.keep(store.get().view.setup.draft);
			}
		};
		tools.track(
			work()
				.catch(tools.fail)
				.finally(() => change(() => ({busy: false}))),
		);
	};

	const write = (draft: Draft, starts: boolean) => {
		const {starter} = tools;
		const {host} = store.get().facts.setup;
		if (starts && (starter === undefined || starter.isAtWork())) {
			tools.say('note', 'A box of this folder is being started already.', 'Wait until it is up, then write');
			return;
		}

		const answers = answersOf(draft, host.phase === 'known' ? host.look.image : undefined);
		let outcome: SetupOutcome = {
			file: '',
			use: answers.use,
			phase: starts ? 'starting' : 'written',
			box: boxNameFor(store.get().facts.person, tools.folder, answers.name),
			boxId: undefined,
			address: '',
		};
		// Another one may have been begun meanwhile.
		const goOn = (next: Partial<SetupOutcome>) => {
			const before = outcome;
			outcome = {...outcome, ...next};
			change((setup) => (setup.outcome === before ? {outcome} : {}));
		};

		change(() => ({busy: true}));
		const run = async (task: TaskHandle, taskSignal: AbortSignal): Promise<Done | undefined> => {
			try {
				outcome = {...outcome, file: await options.write(answers)};
			} finally {
				change(() => ({busy: false}));
			}

			change(() => ({outcome}));
			show(() => stepTo(startOf({}), 'card'));
			await recall();
			if (!starts || starter === undefined) {
				return undefined;
			}

			try {
				const {box, changed, text} = await starter.run(task, taskSignal);
				goOn({phase: 'up', box: box.name, boxId: box.id, address: addressOf(box)});
				// A box is never changed behind anyone's back, not even by a new file.
				return {text, ...(changed ? {} : {fix: 'It was made before this file; to make it anew: gpubox up --recreate'})};
			} catch (error) {
				goOn({phase: 'failed'});
				throw error;
			}
		};

		if (starts) {
			tools.start(`Setting ${store.get().facts.folder} up`, run, 'u takes it up again');
		} else {
			tools.start('Writing gpubox.yaml', run);
		}
	};

	return {
		perform(effect) {
			switch (effect.type) {
				case 'setup-look': {
					look();
					break;
				}

				case 'setup-keep': {
					tools.track(options.keep(effect.draft).catch(tools.fail));
					break;
				}

				case 'setup-check': {
					check(effect.folder);
					break;
				}

				case 'setup-write': {
					write(effect.draft, effect.start);
					break;
				}
			}
		},
		mayBeFirstRun() {
			if (recalled || !hasNoBox(store.get().facts)) {
				return;
			}

			recalled = true;
			// Two files of both spellings, say: `up` tells what is wrong with them.
			const work = recall().then(
				() => {},
				() => {},
			);
			tools.track(work);
		},
	};
}

function addressOf(box: Box): string {
	return jupyterUrl(box) ?? (box.addresses.ssh === undefined ? '' : `ssh ${box.name}`);
}
