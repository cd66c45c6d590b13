import {up} from '../boxes/effects.ts';
import {createPullTeller} from '../boxes/up-steps.ts';
import type {Context} from '../context.ts';
import {problemOf} from '../model.ts';
import {withFacts} from '../store.ts';

type About = {image: string};

export function loadImages({host, store, useCases, tasks, signal}: Context): void {
	store.changeNow(withFacts(({images}) => ({images: {...images, phase: 'waiting'}})));
	tasks.track(
		useCases.images(host, signal).then(
			(choices) => store.change(withFacts(() => ({images: {phase: 'known', choices, problem: undefined}}))),
			(error: unknown) => {
				const problem = problemOf(error, host.engine.address);
				store.change(withFacts(({images}) => ({images: {...images, phase: 'failed', problem}})));
			},
		),
	);
}

export function pullImage(context: Context, {image: reference}: About): void {
	const {host, store, useCases, tasks, say} = context;
	const title = `Pulling ${reference}`;
	if (store.get().facts.tasks.some((task) => task.title === title)) {
		say('note', 'It is already being pulled.');
		return;
	}

	tasks.start(title, {resume: 'p resumes it'}, async (task, signal) => {
		const tell = createPullTeller();
		await useCases.pull(host, reference, {
			onProgress: (progress) => task.update(tell(progress)),
			onRetry: (step) => task.update({step}),
			signal,
		});
		if (store.get().view.screen === 'images') {
			loadImages(context);
		}

		return {text: `${reference} is here`};
	});
}

export function upWithImage(context: Context, {image}: About): void {
	up(context, {image});
}
