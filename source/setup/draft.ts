/** The saved answers of a cancelled set-up, for the next time that this project is set up. No question asks for a secret, so none is stored. */
import {createHash} from 'node:crypto';
import {dirname, isAbsolute, join} from 'node:path';
import {makeFolder, removeTree, writeFileAtomic} from '../base/safe-files.ts';
import {readSmallFile} from '../base/small-file.ts';
import type {Paths} from '../host/host.ts';
import {type Draft, faultOfGpus, uses} from './plan.ts';

/** The path of a project's draft: in the user's state folder, next to the boxes. */
function placeOf(paths: Pick<Paths, 'state'>, project: string): string {
	const key = createHash('sha256').update(project).digest('hex').slice(0, 16);
	return join(dirname(paths.state), 'setup', `${key}.json`);
}

/**
What was kept for a project; nothing where there is no file, or one that cannot be read.

@param project its folder, absolute, symbolic links resolved
*/
export function readDraft(paths: Pick<Paths, 'state'>, project: string): Draft {
	try {
		return draftFrom(JSON.parse(readSmallFile(placeOf(paths, project)).toString('utf8')), project);
	} catch {
		return {};
	}
}

/** Saves it, readable only for the user. If that fails, the next set-up starts from the beginning, which is not a reason to stop now. */
export function keepDraft(paths: Pick<Paths, 'state'>, project: string, draft: Draft): void {
	const file = placeOf(paths, project);
	try {
		makeFolder(dirname(file));
		writeFileAtomic(file, `${JSON.stringify({project, ...draft})}\n`, {mode: 0o600});
	} catch {
		// A draft only makes suggestions.
	}
}

/** Called when gpubox.yaml is written, which counts from then on. */
export function forgetDraft(paths: Pick<Paths, 'state'>, project: string): void {
	try {
		removeTree(placeOf(paths, project));
	} catch {
		// A draft only makes suggestions.
	}
}

/** Keeps valid answers, and ignores the rest. */
export function draftFrom(value: unknown, project: string): Draft {
	if (typeof value !== 'object' || value === null || !('project' in value) || value.project !== project) {
		return {};
	}

	const {use, gpus, data, image, name} = value as Record<string, unknown>;
	const known = uses.find((each) => each === use);
	return {
		...(known === undefined ? {} : {use: known}),
		...(gpus === null || (isText(gpus) && faultOfGpus(gpus, []) === undefined) ? {gpus} : {}),
		...(data === null || (isText(data) && isAbsolute(data)) ? {data} : {}),
		...(isText(image) ? {image} : {}),
		...(isText(name) ? {name} : {}),
	};
}

const longest = 4096;

function isText(value: unknown): value is string {
	return typeof value === 'string' && value !== '' && value.length <= longest;
}
