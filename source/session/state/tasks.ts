import type {Message, Task} from './model.ts';
import {type SessionStore, withFacts} from './store.ts';

/** What came of a task, in words. */
export type Done = {text: string; fix?: string};

export type TaskHandle = {update(progress: {step: string; share?: number | undefined}): void};

type TaskOptions = Pick<Task, 'boxId' | 'startsFolder'> & {
	/** How to resume it, in words. The user may cancel a task that has this. */
	resume?: string;
};

export type Tasks = {
	/** Runs something as a task; what it returns is shown as its success. */
	start(
		title: string,
		options: TaskOptions,
		run: (task: TaskHandle, signal: AbortSignal) => Promise<Done | undefined>,
	): void;
	/** Work that is not shown, but waited for at the end. */
	track(work: Promise<void>): void;
	/** Cancels the newest task that can be cancelled. */
	cancel(): void;
	/** Settles when everything has let go. To be called once the signal is aborted. */
	settled(): Promise<void>;
};

/** Only one thing may be done to a box at a time. */
export function isBusy(tasks: readonly Task[], boxId: string): boolean {
	return tasks.some((task) => task.boxId === boxId);
}

/** One at a time: it is one folder and one box. @param folder an absolute path */
export function isStartingFolder(tasks: readonly Task[], folder: string): boolean {
	return tasks.some(({startsFolder}) => startsFolder === folder);
}

export function newestCancellable(tasks: readonly Task[]): Task | undefined {
	return tasks.findLast(({cancellable}) => cancellable);
}

/** What runs is in the facts, where it is shown; how to abort it and to wait for it is kept here. */
export function createTasks(
	store: SessionStore,
	{
		signal,
		say,
		fail,
	}: {
		signal: AbortSignal;
		say: (kind: Message['kind'], text: string, fix?: string) => void;
		fail: (error: unknown) => void;
	},
): Tasks {
	const running = new Map<number, {work: Promise<void>; controller: AbortController}>();
	let lastId = 0;

	const add = (work: Promise<void>, id: number, controller = new AbortController()) => {
		running.set(id, {work: work.finally(() => running.delete(id)), controller});
	};

	const change = (update: (tasks: Task[]) => Task[]) => {
		store.change(withFacts(({tasks}) => ({tasks: update(tasks)})));
	};

	return {
		start(title, {resume, ...about}, run) {
			lastId += 1;
			const id = lastId;
			const controller = new AbortController();
			const task: Task = {id, title, step: '', share: undefined, ...about};
			change((tasks) => [...tasks, resume === undefined ? task : {...task, cancellable: true}]);
			store.changeNow(withFacts(() => ({message: undefined})));
			const update: TaskHandle['update'] = ({step, share}) => {
				change((tasks) => tasks.map((each) => (each.id === id ? {...each, step, share} : each)));
			};
			const end = () => change((tasks) => tasks.filter((each) => each.id !== id));
			const work = run({update}, AbortSignal.any([signal, controller.signal])).then(
				(done) => {
					end();
					if (done !== undefined && !signal.aborted) {
						say('success', done.text, done.fix);
					}
				},
				(error: unknown) => {
					end();
					if (controller.signal.aborted && !signal.aborted) {
						say('note', `Cancelled: ${title}`, resume);
					} else {
						fail(error);
					}
				},
			);
			add(work, id, controller);
		},
		track(work) {
			lastId += 1;
			add(work, lastId);
		},
		cancel() {
			const task = newestCancellable(store.get().facts.tasks);
			if (task !== undefined) {
				running.get(task.id)?.controller.abort();
			}
		},
		async settled() {
			await Promise.allSettled([...running.values()].map(({work}) => work));
		},
	};
}
