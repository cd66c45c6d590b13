/** Layers that lack something optional: they are labelled, and what they lack is tried again later. */
import {randomBytes} from 'node:crypto';
import {readTemplate} from '../../../base/templates.ts';
import type {BuildOptions, Engine} from '../../../engine/engine.ts';
import {EngineError} from '../../../engine/engine.ts';
import {safeText} from '../../../text/safe.ts';
import {lackingIn, lackingLabels} from './lacking.ts';

type Told = {
	/** The user's name for the image. */
	reference: string;
	/** One line for the user. */
	onNote: (text: string) => void;
	signal?: AbortSignal | undefined;
};

/** What is in a layer and how it is called. */
type Built = {tag: string; id: string};

/**
Labels a layer that was just built with what it lacks.

@returns the id that its name stands for now
@throws EngineError
*/
export async function labelLacking(
	engine: Pick<Engine, 'buildImage'>,
	{tag, id}: Built,
	lacking: readonly string[],
	{reference, onNote, signal}: Told,
): Promise<string> {
	onNote(
		`${lacking.join(', ')} could not be fetched for ${reference}: a shell of gpubox attach ends with its terminal. The first box in an hour or later tries again.`,
	);
	return relabel(engine, {tag, id}, lacking, signal);
}

/**
Adds what a layer lacks, upon it and under its name. Where that fails again the layer stays as it is, and is labelled with the time.

@param build what every build of a layer is given: arguments for mirrors and proxies
@returns the id that its name stands for now
@throws EngineError of anything but the build itself
*/
export async function completeLayer(
	engine: Pick<Engine, 'buildImage' | 'tagImage' | 'removeImage'>,
	{tag, id}: Built,
	lacking: readonly string[],
	{reference, onNote, signal, ...build}: Told & Required<Pick<BuildOptions, 'arguments' | 'onLine'>>,
): Promise<string> {
	const lines: string[] = [];
	// Under a name of its own until it is known what is in it. Not one for all: two users may do this at the same moment.
	const attempt = `${tag}-again-${randomBytes(4).toString('hex')}`;
	let completed: string | undefined;
	try {
		completed = await engine.buildImage({
			files: [
				{path: 'Dockerfile', content: readTemplate('derive/again.Dockerfile')},
				{path: 'install', content: readTemplate('derive/install'), mode: 0o755},
			],
			tag: attempt,
			arguments: build.arguments,
			labels: lackingLabels([], new Date()),
			onLine(line) {
				// An engine colours what goes to stderr.
				const safe = safeText(line);
				lines.push(safe);
				build.onLine(safe);
			},
			...(signal && {signal}),
		});
	} catch (error) {
		if (!(error instanceof EngineError && error.code === 'failed')) {
			throw error;
		}
	}

	if (completed !== undefined && lackingIn(lines).length === 0) {
		await engine.tagImage(completed, tag, signal);
		await engine.removeImage(attempt, signal);
		onNote(`Added ${lacking.join(', ')}, which could not be fetched before, to the layer on ${reference}.`);
		return completed;
	}

	if (completed !== undefined) {
		await engine.removeImage(attempt, signal);
	}

	onNote(
		`${lacking.join(', ')} could again not be fetched for ${reference}. The first box in an hour or later tries again.`,
	);
	return relabel(engine, {tag, id}, lacking, signal);
}

function relabel(
	engine: Pick<Engine, 'buildImage'>,
	{tag, id}: Built,
	lacking: readonly string[],
	signal: AbortSignal | undefined,
): Promise<string> {
	return engine.buildImage({
		files: [{path: 'Dockerfile', content: 'ARG BASE\nFROM $BASE\n'}],
		tag,
		arguments: {BASE: id},
		labels: lackingLabels(lacking, new Date()),
		...(signal && {signal}),
	});
}
