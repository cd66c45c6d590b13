/**
The user's own records of the containers that gpubox created for them. Labels are only claims: anyone with access to the engine can
write them, and containers inherit those of the image. So the owner of a box, and everything that is trusted about it, is read here.
*/
import {readdirSync, readFileSync, realpathSync, statSync} from 'node:fs';
import {join} from 'node:path';
import type {RecordedProcess} from '../base/process/process-start.ts';
import {randomHex} from '../base/random.ts';
import {writeFileAtomic} from '../base/safe-files.ts';
import type {Container} from '../engine/engine.ts';
import type {Paths} from '../host/host.ts';
import {label} from './box.ts';

export type BoxRecord = {
	/** Address of the engine that created it: two engines may have containers of the same name. */
	engine: string;
	/** The project's folder, unescaped. */
	project: string;
	/** Random; also in the container's labels, to identify a container while its id is not recorded yet. */
	nonce: string;
	/** All labels that gpubox set. */
	labels: Record<string, string>;
	/** The container's full id; missing until the engine has returned it. */
	container?: string;
	/** What the box was created from (`BoxRequest`); missing for boxes of earlier versions. */
	request?: Record<string, unknown>;
	/** `gpubox rm` has started: whatever is left of the box must be removed. */
	removing?: true;
	/** The process of an `up --recreate` that is creating its replacement (replace.ts). */
	replacedBy?: RecordedProcess;
	/** The process that claimed its cards last, to start or restart it, and the ids of its claims (claim-start.ts). */
	claimedBy?: RecordedProcess & {claims: string[]};
};

/** A record with the name of its folder. */
export type FoundRecord = {folder: string; record: BoxRecord};

/** One in each box's folder; the file's name is that of earlier versions, which kept only engine and project in it. */
export const recordFile = 'origin.json';

/** Records are usually below 4 KiB; a label may contain a long path. */
const largestBytes = 256 * 1024;

/** One name for an engine whose socket is reached by several paths: /var/run is a link to /run nearly everywhere. */
export function engineKey(address: string): string {
	const prefix = 'unix://';
	if (!address.startsWith(prefix)) {
		return address;
	}

	try {
		return prefix + realpathSync(address.slice(prefix.length));
	} catch {
		// The socket does not exist at the moment.
		return address.replace(/^unix:\/\/\/var\/run\//, 'unix:///run/');
	}
}

export function newNonce(): string {
	return randomHex(16);
}

/** Writes a record whole or not at all. @param options.replaceable as of `FileOptions` @throws the file system's error */
export function writeRecord(
	paths: Paths,
	folder: string,
	record: BoxRecord,
	{replaceable = false}: {replaceable?: boolean} = {},
): void {
	writeFileAtomic(join(paths.state, folder, recordFile), JSON.stringify(record), {mode: 0o600, replaceable});
}

/** The record in a folder; undefined when there is none. */
export function readRecord(paths: Pick<Paths, 'state'>, folder: string): BoxRecord | undefined {
	const path = join(paths.state, folder, recordFile);
	try {
		const info = statSync(path);
		if (!info.isFile() || info.size > largestBytes) {
			return undefined;
		}

		return toRecord(JSON.parse(readFileSync(path, 'utf8')));
	} catch {
		// Being written, just removed, or damaged: then it counts as unknown.
		return undefined;
	}
}

/**
Checked without a library, because it runs at every start, where loading one would cost more than the reading. A record of an earlier
version has only engine and project, so it belongs to no container.
*/
function toRecord(value: unknown): BoxRecord | undefined {
	const {
		engine,
		project,
		nonce = '',
		labels = {},
		container,
		request,
		removing,
		replacedBy,
		claimedBy,
	} = (value ?? {}) as Record<string, unknown>;
	const isText = (each: unknown): each is string => typeof each === 'string';
	if (
		!isText(engine) ||
		!isText(project) ||
		!isText(nonce) ||
		typeof labels !== 'object' ||
		labels === null ||
		!Object.values(labels).every(isText) ||
		!(container === undefined || isText(container))
	) {
		return undefined;
	}

	return {
		engine,
		project,
		nonce,
		labels: labels as Record<string, string>,
		...(container === undefined ? {} : {container}),
		...(typeof request === 'object' && request !== null ? {request: request as Record<string, unknown>} : {}),
		...(removing === true ? {removing} : {}),
		...toReplacement(replacedBy),
		...toClaimant(claimedBy),
	};
}

function toReplacement(value: unknown): Pick<BoxRecord, 'replacedBy'> {
	const replacedBy = toProcess(value);
	return replacedBy === undefined ? {} : {replacedBy};
}

function toClaimant(value: unknown): Pick<BoxRecord, 'claimedBy'> {
	const by = toProcess(value);
	const {claims} = (value ?? {}) as Record<string, unknown>;
	return by === undefined || !Array.isArray(claims) ? {} : {claimedBy: {...by, claims: claims.map(String)}};
}

function toProcess(value: unknown): RecordedProcess | undefined {
	const {pid, startedAt} = (value ?? {}) as Record<string, unknown>;
	return typeof pid === 'number' && typeof startedAt === 'string' ? {pid, startedAt} : undefined;
}

/** The names of all folders of boxes, of whatever engine. */
export function boxFolders(paths: Pick<Paths, 'state'>): string[] {
	try {
		return readdirSync(paths.state).filter((folder) => folder.includes('~'));
	} catch {
		// No box was ever created here.
		return [];
	}
}

/** The user's records of containers. */
export type Records = {
	/** The record of a container that certainly belongs to the user. */
	of(container: Pick<Container, 'id' | 'labels'>): FoundRecord | undefined;
	/**
	The record for a container that was created a moment ago and has no recorded id yet: by an `up` that is running at this moment, or
	was killed before it could record it.
	*/
	pendingOf(container: Pick<Container, 'labels' | 'state'>): FoundRecord | undefined;
};

/**
All of the user's records. The engine's address does not count: an id belongs to one container of one engine, and one engine can have
several addresses (a socket, a port, a proxy).
*/
export function readRecords(paths: Pick<Paths, 'state'>): Records {
	const byContainer = new Map<string, FoundRecord>();
	const byNonce = new Map<string, FoundRecord>();
	for (const folder of boxFolders(paths)) {
		const record = readRecord(paths, folder);
		if (record === undefined) {
			continue;
		}

		if (record.container === undefined) {
			if (record.nonce !== '') {
				byNonce.set(record.nonce, {folder, record});
			}
		} else {
			byContainer.set(record.container, {folder, record});
		}
	}

	return {
		of({id, labels}) {
			const found = byContainer.get(id);
			return found !== undefined && found.record.nonce === labels[label.nonce] ? found : undefined;
		},
		// gpubox records the id before it starts a container, so one that was ever started is another user's copy.
		pendingOf: ({labels, state}) => (state === 'created' ? byNonce.get(labels[label.nonce] ?? '') : undefined),
	};
}

/** For an engine on another machine: the records of its boxes are there. */
export const noRecords: Records = {of: () => undefined, pendingOf: () => undefined};
