/*
What a project needs outside of its own folder: the repository of a git worktree, and what its links lead to. In a box the project is at
/workspace, so everything that is found by a path from there leads elsewhere.
*/
import {
	closeSync,
	constants,
	lstatSync,
	opendirSync,
	openSync,
	readlinkSync,
	readSync,
	realpathSync,
	statSync,
} from 'node:fs';
import {dirname, join, posix, resolve} from 'node:path';
import type {Mount} from '../../engine/engine.ts';
import {isReservedTarget} from '../../settings/reserved.ts';
import {shellQuote} from '../../text/shell-quote.ts';
import {visibleText} from '../../text/visible.ts';
import {inside} from '../paths.ts';

/** Mounts that bring in what is the user's and certainly belongs to the project, and notes on the rest, safe to print. */
export type Outside = {mounts: Mount[]; notes: string[]};

type Facts = {
	/** Absolute, links resolved. */
	project: string;
	/** Those that the user asked for. */
	mounts: readonly Mount[];
	/** Who the box runs as. */
	uid: number;
	/** Their home inside. */
	home: string;
};

/** Entries of folders that are looked at, all in all: a project may be on a slow disk. */
const mostEntries = 2000;

/** Links that are named. */
const mostNamed = 3;

export function findOutside(facts: Facts): Outside {
	const git = findGit(facts);
	const links = findLinks(facts);
	return {mounts: git.mounts, notes: [...git.notes, ...noteOfLinks(links, facts)]};
}

const nothing: Outside = {mounts: [], notes: []};

function findGit(facts: Facts): Outside {
	const {project} = facts;
	const own = lstatSync(join(project, '.git'), {throwIfNoEntry: false});
	if (own?.isFile()) {
		return followGitFile(facts);
	}

	return own === undefined ? noteRepositoryAbove(facts, 'a folder') : nothing;
}

/** A worktree, a submodule or a repository with its data elsewhere: `.git` is a file with the place of the data. */
function followGitFile(facts: Facts): Outside {
	const {project, uid} = facts;
	const text = /^gitdir: (.+)$/m.exec(readStart(join(project, '.git')) ?? '')?.[1];
	const data = text === undefined ? undefined : resolve(project, text);
	if (text === undefined || data === undefined || !isFolder(data)) {
		return nothing;
	}

	const dataInside = posix.resolve(inside.project, text);
	const common = readStart(join(data, 'commondir'))?.trim();
	if (common === undefined) {
		// Its path to the project is in its settings, where it is one of a submodule, and leads elsewhere in a box.
		const isSubmodule = /^\s*worktree\s*=/m.test(readStart(join(data, 'config')) ?? '');
		return isSubmodule ? noteRepositoryAbove(facts, 'a submodule') : noteMount(facts, data, dataInside);
	}

	const repository = resolve(data, common);
	const target = posix.resolve(dataInside, common);
	// Named in the worktree's own data too: a `.git` file from an archive could name any repository.
	const back = readStart(join(data, 'gitdir'))?.trim();
	const isTheirs = back !== undefined && realOr(resolve(data, back)) === join(project, '.git');
	if (isCovered(target, facts)) {
		return nothing;
	}

	if (!isTheirs || !isRepository(repository) || statSync(repository).uid !== uid || isTaken(target, facts)) {
		return noteMount(facts, repository, target);
	}

	return {
		mounts: [
			{type: 'bind', source: realpathSync(repository), target},
			// Once a day git writes there where the worktree is; on the host it is not at /workspace.
			{
				type: 'bind',
				source: realpathSync(join(data, 'gitdir')),
				target: posix.join(dataInside, 'gitdir'),
				readOnly: true,
			},
		],
		notes: [],
	};
}

function noteMount(facts: Facts, source: string, target: string): Outside {
	if (isCovered(target, facts)) {
		return nothing;
	}

	const fix = isTaken(target, facts) ? '' : ` To mount it: ${mountFlag(source, target)}`;
	return {
		mounts: [],
		notes: [`git does not work in the box: its data is in ${visibleText(source)}, outside of the project.${fix}`],
	};
}

function noteRepositoryAbove(facts: Facts, what: string): Outside {
	const {project, mounts} = facts;
	const repository = repositoryAbove(project);
	// Mounted, it works there.
	if (repository === undefined || mounts.some(({source}) => source !== undefined && isWithin(source, repository))) {
		return nothing;
	}

	const shown = visibleText(repository);
	const fix = isTaken(repository, facts)
		? ''
		: `, or mount it and work in ${visibleText(project)}: ${mountFlag(repository, repository)}`;
	return {
		mounts: [],
		notes: [
			`git does not work in /workspace: the project is ${what} of the repository ${shown}. Start the box there${fix}`,
		],
	};
}

/** As git looks for it: upwards, on the same file system. */
function repositoryAbove(project: string): string | undefined {
	const device = statSync(project).dev;
	for (let folder = dirname(project); ; folder = dirname(folder)) {
		const info = statSync(folder, {throwIfNoEntry: false});
		if (info?.dev !== device) {
			return undefined;
		}

		const git = join(folder, '.git');
		if (isRepository(git) || /^gitdir: /.test(readStart(git) ?? '')) {
			return folder;
		}

		if (folder === dirname(folder)) {
			return undefined;
		}
	}
}

/** The folders below the home, relative to it, that something is mounted at. */
export function foldersBelow(home: string, mounts: readonly Mount[]): string[] {
	return mounts.flatMap(({source, target}) => {
		const point = posix.relative(home, target);
		const isBelow = point !== '' && !/^(?:\.\.|\.cache)(?:\/|$)/.test(point);
		return isBelow && source !== undefined && isFolder(source) ? [point] : [];
	});
}

type Link = {
	/** Below the project. */
	name: string;
	/** Where it ends on the host. */
	source: string;
	/** Where it leads in a box. */
	target: string;
};

/** Links at the top of the project and one level down that lead to something on the host and to nothing in a box. */
function findLinks(facts: Facts): Link[] {
	let left = mostEntries;
	const scan = (below: string, deeper: boolean): Link[] =>
		entriesOf(join(facts.project, below), () => left-- > 0).flatMap(({name, kind}) => {
			const path = join(below, name);
			if (kind === 'folder') {
				return deeper && name !== '.git' ? scan(path, false) : [];
			}

			return kind === 'link' ? followLink(path, facts) : [];
		});
	return scan('', true);
}

/** Of the image as well, whatever is there. */
const ofEverySystem = /^\/(?:bin|dev|etc|lib\w*|proc|sbin|sys|usr)(?:\/|$)/;

function followLink(name: string, facts: Facts): Link[] {
	const path = join(facts.project, name);
	try {
		const target = posix.resolve(posix.join(inside.project, posix.dirname(name)), readlinkSync(path));
		return isWithin(inside.project, target) || ofEverySystem.test(target) || isCovered(target, facts)
			? []
			: [{name, source: realpathSync(path), target}];
	} catch {
		// It leads nowhere on the host either, or not for the caller.
		return [];
	}
}

function noteOfLinks(links: readonly Link[], facts: Facts): string[] {
	if (links.length === 0) {
		return [];
	}

	const named = links.slice(0, mostNamed).map(({name}) => visibleText(name));
	const more = links.length > named.length ? ` and ${links.length - named.length} more` : '';
	const flags = links
		.filter(({target}) => !isTaken(target, facts))
		.slice(0, mostNamed)
		.map(({source, target}) => mountFlag(source, target));
	const what =
		links.length === 1
			? `The link ${named[0]} leads out of the project, to nothing in the box.`
			: `Links lead out of the project, to nothing in the box: ${named.join(', ')}${more}.`;
	return [flags.length === 0 ? what : `${what} To mount what is there: ${[...new Set(flags)].join(' ')}`];
}

function entriesOf(folder: string, mayGoOn: () => boolean): Array<{name: string; kind: 'folder' | 'link' | 'other'}> {
	const found: ReturnType<typeof entriesOf> = [];
	try {
		const open = opendirSync(folder);
		try {
			for (let entry = open.readSync(); entry !== null && mayGoOn(); entry = open.readSync()) {
				const kind = entry.isSymbolicLink() ? 'link' : entry.isDirectory() ? 'folder' : 'other';
				found.push({name: entry.name, kind});
			}
		} finally {
			open.closeSync();
		}
	} catch {
		// Not for the caller: then its links are not for the box either.
	}

	return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function mountFlag(source: string, target: string): string {
	return `--mount ${shellQuote(visibleText(`${source}:${target}`))}`;
}

/** Whether a path in the box is in one of the user's mounts, or in the home. */
function isCovered(path: string, {mounts}: Facts): boolean {
	return mounts.some(({target}) => isWithin(posix.normalize(target).replace(/(?<=.)\/$/, ''), path));
}

/** Whether gpubox has something else there. */
function isTaken(path: string, {home}: Facts): boolean {
	return path === '/' || isReservedTarget(path, [home, `${home}/.cache`]);
}

function isRepository(path: string): boolean {
	return isFolder(path) && isFolder(join(path, 'objects')) && readStart(join(path, 'HEAD')) !== undefined;
}

function isFolder(path: string): boolean {
	try {
		return statSync(path).isDirectory();
	} catch {
		return false;
	}
}

/** The first 4 KiB of a plain file. */
function readStart(path: string): string | undefined {
	try {
		const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
		try {
			const start = Buffer.alloc(4096);
			return start.toString('utf8', 0, readSync(file, start));
		} finally {
			closeSync(file);
		}
	} catch {
		return undefined;
	}
}

function realOr(path: string): string {
	try {
		return realpathSync(path);
	} catch {
		return path;
	}
}

function isWithin(folder: string, path: string): boolean {
	return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
