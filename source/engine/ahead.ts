import {boxLabel} from '../base/box-label.ts';
import {homeFolder} from '../base/home.ts';
import {findEngineAddress} from './address.ts';
import type {Engine} from './engine.ts';
import {lazyDocker} from './lazy.ts';

/** `node:timers/promises` would be loaded for it. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** What the engine can be asked ahead: its description, the boxes, and the images. */
type Ahead = 'info' | 'boxes' | 'images';

/**
The engine that flags and environment select. One of this machine has been asked already what is needed first: it answers while the
code of the verb, or of the session, is loaded.

@param questions what nearly every verb needs, unless given
@param image one that will be asked for; where the verb asks for another one, nothing is lost but the question
@throws Failure (usage)
*/
export async function askAhead(
	host: string | undefined,
	signal: AbortSignal,
	{questions = ['info', 'boxes'], image: wanted}: {questions?: readonly Ahead[]; image?: string | undefined} = {},
): Promise<Engine> {
	const address = findEngineAddress(process.env, homeFolder(process.env), host);
	const engine = lazyDocker(address);
	if (address.missing || !engine.local) {
		return engine;
	}

	const answers = {
		...(questions.includes('info') ? {info: engine.info(signal)} : {}),
		...(questions.includes('boxes') ? {boxes: engine.listContainers({labels: [boxLabel], signal})} : {}),
		...(questions.includes('images') ? {images: engine.listImages(signal)} : {}),
		...(wanted === undefined ? {} : {image: engine.inspectImage(wanted, signal)}),
	};
	for (const answer of Object.values(answers)) {
		// Whoever needs it gets the error, too.
		answer.catch(() => {});
	}

	// Loading code keeps this process busy: first the questions have to be on their way.
	await import('./docker/docker.ts');
	await nextTurn();
	await nextTurn();
	return {
		...engine,
		info(...options) {
			const {info} = answers;
			delete answers.info;
			return info ?? engine.info(...options);
		},
		async inspectImage(reference, ...options) {
			const {image} = answers;
			delete answers.image;
			// One that was missing may have been pulled since.
			const found = reference === wanted ? await image : undefined;
			return found ?? engine.inspectImage(reference, ...options);
		},
		listImages(...options) {
			const {images} = answers;
			delete answers.images;
			return images ?? engine.listImages(...options);
		},
		listContainers(options) {
			const {boxes} = answers;
			delete answers.boxes;
			return boxes && options?.labels?.join() === boxLabel ? boxes : engine.listContainers(options);
		},
	};
}
