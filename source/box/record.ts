/**
What a person's own files say of the containers that gpubox made for them. Labels are claims: anyone who may talk to the engine can
write them, and an image hands its own down. So whose a box is, and what is believed of it, is read here.
*/
import {randomBytes} from 'node:crypto';
import {readdirSync, readFileSync, realpathSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {writeFileAtomic} from '../base/safe-files.ts';
import type {Container} from '../engine/engine.ts';
import type {Paths} from '../host/host.ts';
import {label} from './box.ts';

export type BoxRecord = {
	/** Address of the engine that it was made through: two engines may have containers of one name. */
	engine: string;
	/** The project's folder as it is, whatever characters its name has. */
	project: string;
	/** Random; also in the container's labels, so that a container whose id is not known yet is told from others of its name. */
	nonce: string;
	/** All that gpubox set, as it set them. */
	labels: Record<string, string>;
	/** The container's full id; missing until the engine has told it. */
	container?: string;
	/** `gpubox rm` has begun: what is left of the box is to go. */
	removing?: true;
	/** An `up --recreate` is making its successor: the process that does (replace.ts). */
	replacedBy?: {pid: number; startedAt: string};
};

/** A record with the name of the folder that it is in. */
export type FoundRecord = {folder: string; record: BoxRecord};

/** One in each box's folder; the file's name is that of earlier versions, which kept only engine and project in it. */
export const recordFile = 'origin.json';

/** A record of usual size is below 4 KiB; a label may hold a long path. */
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
		// It is not there at the moment.
		return address.replace(/^unix:\/\/\/var\/run\//, 'unix:///run/');
	}
}

export function newNonce(): string {
	return randomBytes(16).toString('hex');
}

/** Writes a record whole or not at all. @throws the file system's error */
export function writeRecord(paths: Paths, folder: string, record: BoxRecord): void {
	writeFileAtomic(join(paths.state, folder, recordFile), JSON.stringify(record), {mode: 0o600});
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
		// Just being written, just removed, or damaged: then nothing is known of it.
		return undefined;
	}
}

/**
By hand, because it is done at every start, where a library would cost more than the reading. A record of an earlier version says
only engine and project, so it belongs to no container.
*/
function toRecord(value: unknown): BoxRecord | undefined {
	const {
		engine,
		project,
		nonce = '',
		labels = {},
		container,
		removing,
		replacedBy,
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
		...(removing === true ? {removing} : {}),
		...toReplacement(replacedBy),
	};
}

function toReplacement(value: unknown): Pick<BoxRecord, 'replacedBy'> {
	const {pid, startedAt} = (value ?? {}) as Record<string, unknown>;
	return typeof pid === 'number' && typeof startedAt === 'string' ? {replacedBy: {pid, startedAt}} : {};
}

/** The names of all folders of boxes, of whatever engine. */
export function boxFolders(paths: Pick<Paths, 'state'>): string[] {
	try {
		return readdirSync(paths.state).filter((folder) => folder.includes('~'));
	} catch {
		// Nothing was ever made here.
		return [];
	}
}

/** What the person's files say of containers. */
export type Records = {
	/** The record of a container that is the person's for certain. */
	of(container: Pick<Container, 'id' | 'labels'>): FoundRecord | undefined;
	/**
	The record that a container would belong to which was made a moment ago, whose id nobody has written down yet: by an `up` that
	is at work at this moment, or was killed there.
	*/
	pendingOf(container: Pick<Container, 'labels' | 'state'>): FoundRecord | undefined;
};

/**
All of the person's records. The engine's address does not count: an id belongs to one container of one engine, and one engine has
several addresses (a socket, a port, a proxy's).
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
		// gpubox writes the id down before it starts a container, so one that was ever started is somebody else's copy.
		pendingOf: ({labels, state}) => (state === 'created' ? byNonce.get(labels[label.nonce] ?? '') : undefined),
	};
}

/** Whether an engine refused to raise limits for a box of the person's, also for one that is gone. Of others nothing is believed. */
export function limitsWereKept(paths: Pick<Paths, 'state'>, engineAddress: string): boolean {
	const here = engineKey(engineAddress);
	return boxFolders(paths).some((folder) => {
		const record = readRecord(paths, folder);
		return record?.labels[label.limits] === 'kept' && engineKey(record.engine) === here;
	});
}

/** Of an engine on another machine, where the records of its boxes are. */
export const noRecords: Records = {of: () => undefined, pendingOf: () => undefined};
