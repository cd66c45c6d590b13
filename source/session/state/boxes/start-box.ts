import type {UpResult, UpStep} from '../../../box/up/types.ts';
import type {SessionStore} from '../session-state.ts';
import type {TaskHandle} from '../tasks.ts';
import {createStepTeller} from './up-steps.ts';

/** Lines to look at, and what a yes allows. */
export type TrustWish = {title: string; lines: string[]; question: string};

/** Finds or makes the box of the folder, a new one with `image` where that is given. `ask` is for what the project asks for. */
export type Up = (options: {
	report: (step: UpStep) => void;
	signal: AbortSignal;
	image?: string;
	ask?: (wish: TrustWish) => Promise<boolean>;
}) => Promise<UpResult>;

export type BoxStarter = {
	/** One at a time: it is one folder and one box. */
	isAtWork(): boolean;
	/** @returns what came of it, in words besides */
	run(task: TaskHandle, signal: AbortSignal, image?: string): Promise<UpResult & {text: string}>;
};

/** Starts the folder's box, telling the steps, and chooses it in the list. */
export function createBoxStarter(
	store: SessionStore,
	up: Up,
	ask: (wish: TrustWish, signal: AbortSignal) => Promise<boolean>,
): BoxStarter {
	let atWork = false;
	return {
		isAtWork: () => atWork,
		async run(task, signal, image) {
			atWork = true;
			try {
				const tell = createStepTeller();
				const result = await up({
					report: (step) => task.update(tell(step)),
					signal,
					ask: (wish) => ask(wish, signal),
					...(image === undefined ? {} : {image}),
				});
				const {box, changed} = result;
				store.change((state) => ({...state, view: {...state.view, boxId: box.id}}));
				return {...result, text: changed ? `${box.name} is up: ${whatAnswers(box)}` : `${box.name} is up already`};
			} finally {
				atWork = false;
			}
		},
	};
}

function whatAnswers({services}: UpResult['box']): string {
	const names = services.map((service) => (service === 'jupyter' ? 'Jupyter' : 'SSH'));
	return names.length === 1 ? `${names[0]} answers` : `${names.join(' and ')} answer`;
}
