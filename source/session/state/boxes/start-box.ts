import type {Box} from '../../../box/box.ts';
import type {UpResult} from '../../../box/up/types.ts';
import type {Context} from '../context.ts';
import type {TaskHandle} from '../tasks.ts';
import {createStepTeller} from './up-steps.ts';

/**
Starts the box of the working directory or of another folder, a new one with `image` where that is given, and chooses it in the list. With `wait` it queues for GPUs
that others have.

@returns what came of it, also in words
*/
export async function startFolderBox(
	{host, store, useCases, trust}: Context,
	task: TaskHandle,
	signal: AbortSignal,
	{image, wait, folder}: {image?: string | undefined; wait?: true | undefined; folder?: string | undefined} = {},
): Promise<UpResult & {text: string}> {
	const tell = createStepTeller();
	const result = await useCases.up(host, {
		report: (step) => task.update(tell(step)),
		signal,
		ask: (question) => trust.ask(question, signal),
		...(image === undefined ? {} : {image}),
		...(wait ? {wait} : {}),
		...(folder === undefined ? {} : {folder}),
	});
	const {box, changed} = result;
	store.change((state) => ({...state, view: {...state.view, boxId: box.id}}));
	return {...result, text: changed ? `${box.name} is up: ${whatAnswers(box)}` : `${box.name} is up already`};
}

function whatAnswers({services}: Box): string {
	const names = services.map((service) => (service === 'jupyter' ? 'Jupyter' : 'SSH'));
	return names.length === 1 ? `${names[0]} answers` : `${names.join(' and ')} answer`;
}
