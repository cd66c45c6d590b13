/** What the answers of `gpubox init` mean: the settings they make, and how they are shown. Nothing here asks or writes. */
import {basename} from 'node:path';
import type {ServiceName} from '../box/box.ts';
import {parseGpuRequest} from '../box/choose-gpus.ts';
import {defaultName} from '../box/name.ts';
import {Failure} from '../failure.ts';
import type {GpuFacts} from '../gpu/gpu.ts';
import type {Settings} from '../settings/schema.ts';
import {safeText} from '../text/safe.ts';

export const uses = ['notebook', 'editor', 'training'] as const;
export type Use = (typeof uses)[number];

/** What each is called in a question, and the services that it takes. */
export const useFacts: Record<Use, {says: string; services: ServiceName[]}> = {
	notebook: {says: 'a notebook in the browser (Jupyter)', services: ['jupyter']},
	editor: {says: 'an editor or a debugger (VS Code, JetBrains) over SSH', services: ['ssh']},
	training: {says: 'long runs from a shell, with a notebook beside them', services: ['jupyter', 'ssh']},
};

export type Answers = {
	use: Use;
	/** As `--gpus` takes it; undefined leaves it to each host. */
	gpus: string | undefined;
	/** A folder of the host, absolute. */
	data: string | undefined;
	image: string | undefined;
	name: string | undefined;
};

export function settingsFor({use, gpus, data, image, name}: Answers): Settings {
	return {
		...(name === undefined ? {} : {name}),
		...(image === undefined ? {} : {image}),
		services: useFacts[use].services,
		...(gpus === undefined ? {} : {gpus}),
		...(data === undefined ? {} : {mounts: [`${data}:/data:ro`]}),
	};
}

/** Why this is no answer to how many GPUs; undefined when it is one. */
export function faultOfGpus(text: string, cards: readonly GpuFacts[]): string | undefined {
	try {
		const request = parseGpuRequest(text);
		return request.kind === 'count' && cards.length > 0 && request.count > cards.length
			? `This host has ${cards.length}.`
			: undefined;
	} catch (error) {
		if (error instanceof Failure) {
			return `${error.message} ${error.fix}`.trim();
		}

		throw error;
	}
}

/** `2 × NVIDIA RTX A6000, 1 × NVIDIA L4` */
export function namesOfCards(cards: readonly GpuFacts[]): string {
	const counts = new Map<string, number>();
	for (const {name} of cards) {
		counts.set(name, (counts.get(name) ?? 0) + 1);
	}

	return Array.from(counts, ([name, count]) => `${count} × ${name}`).join(', ');
}

/** The plan, to be looked at before anything is written. */
export function planLines({use, gpus, data, image}: Answers, {file, why}: {file: string; why: string}): string[] {
	return [
		`  For     ${useFacts[use].says}`,
		`  GPUs    ${gpus ?? 'the freest one, where there is one'}`,
		`  Image   ${image === undefined ? 'the one that suits the host best' : safeText(image)}`,
		...(why ? [`          ${why}`] : []),
		`  Data    ${data === undefined ? 'none besides the project' : `${safeText(data)}, as /data, read-only`}`,
		`  File    ${safeText(file)}`,
	];
}

/** What to type from now on. */
export function cardLines(box: string, {use}: Pick<Answers, 'use'>): string[] {
	const rows: Array<[string, string]> = [
		['gpubox up', "this project's box: finds it, or makes it"],
		['gpubox', 'the session: GPUs, boxes and logs, live'],
		use === 'editor'
			? [`ssh ${box}`, 'from a shell, and as a host in the editor']
			: [`gpubox open ${box}`, 'the notebook'],
		[`gpubox attach ${box}`, 'a shell inside, in /workspace'],
		[`gpubox stop ${box}`, 'gives the GPU back; everything stays'],
	];
	const width = Math.max(...rows.map(([command]) => command.length));
	return ['Five commands to remember:', '', ...rows.map(([command, does]) => `  ${command.padEnd(width)}   ${does}`)];
}

/** The name that the project's box gets, unless somebody has it. */
export function boxNameFor(person: string, folder: string, name: string | undefined): string {
	return defaultName(person, name ?? basename(folder));
}
