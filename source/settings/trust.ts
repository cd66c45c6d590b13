/** What a user agreed to for each project, saved in their state folder, where a project's own files cannot change it. */

import {createHash} from 'node:crypto';
import {lstatSync, rmSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {Failure} from '../base/failure.ts';
import {inTurn} from '../base/in-turn.ts';
import {makeFolder, writeFileAtomic} from '../base/safe-files.ts';
import {readSmallFile} from '../base/small-file.ts';
import {adviceForWrite} from '../base/write-advice.ts';
import {safeText} from '../text/safe.ts';

/** One thing agreed to; `digest` decides, the rest is for readers of the file. */
export type Agreed = {key: string; text: string; digest: string};

/** Where the answer for a project is. @param state the folder of the boxes @param project absolute, links resolved */
function placeOf(state: string, project: string): string {
	return join(dirname(state), 'trust', `${createHash('sha256').update(project).digest('hex').slice(0, 32)}.json`);
}

/**
What was agreed to for a project. A file that others can write to, or that cannot be read, does not count.

@param state the folder of the boxes; the answers are beside it
@param project its folder, absolute, symbolic links resolved
*/
export function readTrust(state: string, project: string): Agreed[] {
	const file = placeOf(state, project);
	const mine = (info: {uid: number; mode: number}) =>
		info.uid === process.getuid?.() && (info.mode & 0o022) === 0 ? undefined : 'others can write to it';
	try {
		const folder = lstatSync(dirname(file));
		if (!folder.isDirectory() || mine(folder) !== undefined) {
			return [];
		}

		const kept: unknown = JSON.parse(
			readSmallFile(file, {noLink: true, check: mine, maxBytes: 4 << 20}).toString('utf8'),
		);
		return agreedFrom(kept, project);
	} catch {
		return [];
	}
}

/** Keeps valid answers for this very project, and nothing else. */
export function agreedFrom(kept: unknown, project: string): Agreed[] {
	if (typeof kept !== 'object' || kept === null || !('project' in kept) || kept.project !== project) {
		return [];
	}

	const {agreed} = kept as {agreed?: unknown};
	return Array.isArray(agreed)
		? agreed.flatMap((each: Partial<Record<keyof Agreed, unknown>> | null) =>
				typeof each?.digest === 'string' && /^[0-9a-f]{64}$/.test(each.digest)
					? [{key: String(each.key), text: String(each.text), digest: each.digest}]
					: [],
			)
		: [];
}

/**
Changes of answers, one after another: the second of two at once would undo the first, and bring back what was just revoked.

@throws Failure when another gpubox does not end; what `change` throws
*/
async function changeTrust(state: string, change: () => void): Promise<void> {
	await inTurn(dirname(state), 'trust', async () => change());
}

/** Saves the answer with earlier ones, readable only for the user, atomically. @throws Failure */
export async function keepTrust(state: string, project: string, now: readonly Agreed[]): Promise<void> {
	const file = placeOf(state, project);
	try {
		await changeTrust(state, () => {
			const agreed = [...new Map([...readTrust(state, project), ...now].map((each) => [each.digest, each])).values()];
			makeFolder(dirname(file));
			writeFileAtomic(file, `${JSON.stringify({project, agreed}, undefined, 2)}\n`, {mode: 0o600});
		});
	} catch (error) {
		throw new Failure(`Cannot save your answer: ${safeText((error as Error).message)}`, {
			fix: error instanceof Failure ? error.fix : adviceForWrite(error, dirname(file)),
			cause: error,
		});
	}
}

/** @returns whether there was an answer @throws Failure */
export async function forgetTrust(state: string, project: string): Promise<boolean> {
	const file = placeOf(state, project);
	let there = false;
	try {
		await changeTrust(state, () => {
			there = lstatSync(file, {throwIfNoEntry: false}) !== undefined;
			rmSync(file, {force: true});
		});
		return there;
	} catch (error) {
		throw new Failure(`Cannot revoke your answer: ${safeText((error as Error).message)}`, {
			fix: `Remove ${safeText(file)}`,
			cause: error,
		});
	}
}
