import type {Task} from './model.ts';
import {type SessionStore, withFacts} from './session-state.ts';

export type TaskHandle = {
	update(progress: {step: string; share?: number | undefined}): void;
	end(): void;
};

/** What is at work, for the person who waits for it. */
export function createTaskList(store: SessionStore) {
	let lastId = 0;
	return {
		begin(title: string, more: Pick<Task, 'cancellable'> = {}): TaskHandle {
			lastId += 1;
			const id = lastId;
			const change = (update: (tasks: Task[]) => Task[]) => {
				store.change(withFacts(({tasks}) => ({tasks: update(tasks)})));
			};

			change((tasks) => [...tasks, {id, title, step: '', share: undefined, ...more}]);
			return {
				update({step, share}) {
					change((tasks) => tasks.map((task) => (task.id === id ? {...task, step, share} : task)));
				},
				end() {
					change((tasks) => tasks.filter((task) => task.id !== id));
				},
			};
		},
	};
}
