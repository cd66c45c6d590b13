import type {SuspendTerminal} from 'ink';
import type {ImageChoice, PullOptions} from '../../app/image-choices.ts';
import type {SetupOptions} from '../../app/setup/setup.ts';
import type {Box} from '../../box/box.ts';
import type {Host} from '../../host/host.ts';
import {raiseStop} from '../job-control.ts';
import {lendTerminal} from '../terminal.ts';
import {createBoxStarter, type Up} from './boxes/start-box.ts';
import {createTrustAsker} from './boxes/trust-question.ts';
import {createPullTeller} from './boxes/up-steps.ts';
import type {Message} from './model.ts';
import {problemOf} from './problem.ts';
import type {Effect, Question} from './reduce.ts';
import {type SessionStore, withFacts} from './session-state.ts';
import {createSetupActions} from './setup/setup-actions.ts';
import {createTaskList, type TaskHandle} from './tasks.ts';

/** What only the root component can do. */
export type Terminal = {exit: (result?: unknown) => void; suspend: SuspendTerminal};

export type ActionOptions = {
	folder: string;
	/** Not offered when missing. */
	up?: Up;
	/** Pulls an image. Not offered when missing. */
	pull?: (reference: string, options: PullOptions) => Promise<void>;
	loadImages?: (signal: AbortSignal) => Promise<ImageChoice[]>;
	/** Not offered when missing. */
	setup?: SetupOptions;
};

export type Actions = {
	perform(effect: Effect): void;
	/** To be called after every change. */
	mayBeFirstRun(): void;
	connectTerminal(terminal: Terminal): void;
	/** Gives the terminal away while `work` is done. */
	standAside(work: () => Promise<void>): Promise<void>;
	/** Breaks off what is at work and waits for it. */
	stop(): Promise<void>;
};

/** What `exit` is called with when the person wants to see the made-up host. */
export const wantsDemo = Symbol('demo');

/** Carries out what keys ask for. Everything slow is loaded when it is first wanted, and shown as a task while it runs. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: older than the limit
export function createActions(host: Host, store: SessionStore, options: ActionOptions): Actions {
	const stopping = new AbortController();
	const {signal} = stopping;
	const tasks = createTaskList(store);
	const working = new Set<Promise<void>>();
	const busyBoxes = new Set<string>();
	/** What the person may break off, the newest last. */
	let cancellable: AbortController[] = [];
	let terminal: Terminal | undefined;
	const connected = Promise.withResolvers<Terminal>();

	const say = (kind: Message['kind'], text: string, fix = '') => {
		store.changeNow(withFacts(() => ({message: {kind, text, fix}})));
	};

	const fail = (error: unknown) => {
		if (!signal.aborted) {
			const {message, fix} = problemOf(error, host.engine.address);
			say('failure', message, fix);
		}
	};

	/** Runs something as a task; what it returns is said as its success. With a way `back` the person may break it off. */
	const start = (
		title: string,
		run: (task: TaskHandle, signal: AbortSignal) => Promise<{text: string; fix?: string} | undefined>,
		back?: string,
	) => {
		const task = tasks.begin(title, back === undefined ? {} : {cancellable: true});
		const controller = new AbortController();
		if (back !== undefined) {
			cancellable.push(controller);
		}

		store.changeNow(withFacts(() => ({message: undefined})));
		const work = run(task, AbortSignal.any([signal, controller.signal]))
			.then((done) => {
				task.end();
				if (done !== undefined && !signal.aborted) {
					say('success', done.text, done.fix);
				}
			})
			.catch((error: unknown) => {
				task.end();
				if (controller.signal.aborted && !signal.aborted) {
					say('note', `Cancelled: ${title}`, back);
				} else {
					fail(error);
				}
			})
			.finally(() => {
				working.delete(work);
				cancellable = cancellable.filter((each) => each !== controller);
			});
		working.add(work);
	};

	/** The same for one box, on which only one thing may be done at a time. */
	const startOn = (
		boxId: string,
		title: (box: Box) => string,
		run: (box: Box, task: TaskHandle) => Promise<{text: string; fix?: string} | undefined>,
	) => {
		const box = store.get().facts.box.boxes.find(({id}) => id === boxId);
		if (box === undefined) {
			say('note', 'This box is gone.');
		} else if (busyBoxes.has(boxId)) {
			say('note', `${box.name} is being worked on already.`);
		} else {
			busyBoxes.add(boxId);
			start(title(box), async (task) => {
				try {
					return await run(box, task);
				} finally {
					busyBoxes.delete(boxId);
				}
			});
		}
	};

	const truster = createTrustAsker(store);
	const starter = options.up && createBoxStarter(store, options.up, truster.ask);

	const up = (image?: string) => {
		if (starter === undefined) {
			say('note', 'Boxes cannot be started from here.', 'gpubox up');
		} else if (starter.isAtWork()) {
			say('note', 'It is being started already.');
		} else {
			start(
				`Start box for ${store.get().facts.folder}`,
				async (task, taskSignal) => {
					const {text, box} = await starter.run(task, taskSignal, image);
					return {
						text,
						fix: box.services.includes('jupyter') ? 'o opens it, a gives a shell in it' : 'a gives a shell in it',
					};
				},
				'u takes it up again',
			);
		}
	};

	const pull = (reference: string) => {
		const {pull: pullHere} = options;
		const title = `Pulling ${reference}`;
		if (pullHere === undefined) {
			say('note', 'Images cannot be pulled from here.', `gpubox pull ${reference}`);
			return;
		}

		if (store.get().facts.tasks.some((task) => task.title === title)) {
			say('note', 'It is being pulled already.');
			return;
		}

		start(
			title,
			async (task, taskSignal) => {
				const tell = createPullTeller();
				await pullHere(reference, {
					onProgress: (progress) => task.update(tell(progress)),
					onRetry: (step) => task.update({step}),
					signal: taskSignal,
				});
				if (store.get().view.screen === 'images') {
					loadImages();
				}

				return {text: `${reference} is here`};
			},
			'p takes it up again',
		);
	};

	const withImage = (index: number, then: (reference: string) => void) => {
		const choice = store.get().facts.images.choices[index];
		if (choice !== undefined) {
			then(choice.reference);
		}
	};

	const attach = (boxId: string) => {
		const box = store.get().facts.box.boxes.find(({id}) => id === boxId);
		if (box === undefined || terminal === undefined || store.get().facts.lent) {
			return;
		}

		const {suspend} = terminal;
		store.changeNow(withFacts(() => ({lent: true})));
		// Not among what `stop` waits for: only the person ends a shell.
		void (async () => {
			try {
				const [{attachToBox}, {mayEnter, refuseToEnter}] = await Promise.all([
					import('../../box/attach.ts'),
					import('../../box/enter.ts'),
				]);
				if (!mayEnter(host, box)) {
					throw refuseToEnter(host, box);
				}

				store.hold();
				const {exitCode, detached} = await lendTerminal(suspend, async () => {
					process.stdout.write(`A shell in ${box.name}: exit ends it, Ctrl-P Ctrl-Q leaves it running.\r\n`);
					return attachToBox(host.engine, box.id, [], process);
				});
				const how = detached ? ', where the shell runs on' : exitCode === 0 ? '' : ` (exit code ${exitCode})`;
				say(exitCode === 0 || detached ? 'success' : 'note', `Back from ${box.name}${how}`);
			} catch (error) {
				fail(error);
			} finally {
				store.change(withFacts(() => ({lent: false})));
				store.release();
			}
		})();
	};

	const open = (boxId: string) => {
		startOn(
			boxId,
			(box) => `Opening ${box.name}`,
			async (box) => {
				const {openHere} = await import('./boxes/open-here.ts');
				return openHere(host, box);
			},
		);
	};

	const loadImages = () => {
		const {loadImages: load} = options;
		if (load === undefined) {
			return;
		}

		store.changeNow(withFacts(({images}) => ({images: {...images, phase: 'waiting'}})));
		const work = load(signal)
			.then((choices) => {
				store.change(withFacts(() => ({images: {phase: 'known', choices, problem: undefined}})));
			})
			.catch((error: unknown) => {
				const problem = problemOf(error, host.engine.address);
				store.change(withFacts(({images}) => ({images: {...images, phase: 'failed', problem}})));
			})
			.finally(() => working.delete(work));
		working.add(work);
	};

	const setup =
		options.setup &&
		createSetupActions(store, options.setup, {
			say,
			fail,
			start,
			track(work) {
				working.add(work);
				void work.finally(() => working.delete(work));
			},
			problemOf: (error) => problemOf(error, host.engine.address),
			starter,
			signal,
			folder: options.folder,
		});

	return {
		mayBeFirstRun: () => setup?.mayBeFirstRun(),
		connectTerminal(next) {
			terminal = next;
			connected.resolve(next);
		},
		async standAside(work) {
			// The first picture is on the screen a moment before there is anybody who could take it away.
			const {suspend} = await connected.promise;
			if (store.get().facts.lent) {
				// A shell in a box has the terminal, and has set it to pass on every key.
				const wasRaw = process.stdin.isRaw;
				process.stdin.setRawMode?.(false);
				await work();
				process.stdin.setRawMode?.(wasRaw);
			} else {
				store.hold();
				try {
					await lendTerminal(suspend, work);
				} finally {
					store.release();
				}
			}
		},
		// biome-ignore lint/complexity/noExcessiveLinesPerFunction: older than the limit
		perform(effect) {
			switch (effect.type) {
				case 'quit': {
					terminal?.exit();
					break;
				}

				case 'suspend': {
					raiseStop();
					break;
				}

				case 'demo': {
					terminal?.exit(wantsDemo);
					break;
				}

				case 'cancel': {
					cancellable.at(-1)?.abort();
					break;
				}

				case 'dismiss': {
					store.changeNow(withFacts(() => ({message: undefined})));
					break;
				}

				case 'say': {
					say('note', effect.text, effect.fix);
					break;
				}

				case 'setup-look':
				case 'setup-keep':
				case 'setup-check':
				case 'setup-write': {
					setup?.perform(effect);
					break;
				}

				case 'up': {
					up();
					break;
				}

				case 'up-with-image': {
					withImage(effect.index, up);
					break;
				}

				case 'pull-image': {
					withImage(effect.index, pull);
					break;
				}

				case 'load-images': {
					loadImages();
					break;
				}

				case 'attach': {
					attach(effect.boxId);
					break;
				}

				case 'open': {
					open(effect.boxId);
					break;
				}

				case 'find-idle-kernels': {
					startOn(
						effect.boxId,
						(box) => `Looking at the kernels of ${box.name}`,
						async (box) => {
							const {findIdleKernels} = await import('./boxes/idle-kernels.ts');
							const kernels = await findIdleKernels(host, box, signal);
							if (kernels.length === 0) {
								return {text: `No kernel of ${box.name} is idle`};
							}

							const {id: boxId, name, owner} = box;
							const asking: Question = {what: 'free', boxId, name, owner, mine: true, kernels};
							store.change((state) => ({...state, view: {...state.view, asking}}));
							return undefined;
						},
					);
					break;
				}

				case 'trust': {
					truster.answer(effect.yes);
					break;
				}

				case 'free': {
					startOn(
						effect.boxId,
						(box) => `Shutting kernels of ${box.name} down`,
						async (box) => {
							const {freeKernels} = await import('./boxes/idle-kernels.ts');
							await freeKernels(host, box, effect.kernels, signal);
							return {text: `The idle kernels of ${box.name} are shut down, their GPU memory is free`};
						},
					);
					break;
				}

				case 'stop': {
					startOn(
						effect.boxId,
						(box) => `Stopping ${box.name}`,
						async (box) => {
							const {stopBox} = await import('../../box/up/lifecycle.ts');
							await stopBox(host, box);
							return {text: `${box.name} is stopped`, fix: 's starts it again, with the same address'};
						},
					);
					break;
				}

				case 'start': {
					startOn(
						effect.boxId,
						(box) => `Starting ${box.name}`,
						async (box) => {
							const {startBox} = await import('../../box/up/lifecycle.ts');
							await startBox(host, box, signal);
							return {text: `${box.name} runs again`};
						},
					);
					break;
				}

				case 'remove': {
					startOn(
						effect.boxId,
						(box) => `Removing ${box.name}`,
						async (box) => {
							const {removeBox} = await import('../../box/up/remove-box.ts');
							await removeBox(host, box);
							return {text: `${box.name} is removed`};
						},
					);
					break;
				}
			}
		},
		async stop() {
			stopping.abort();
			await Promise.allSettled([...working]);
		},
	};
}
