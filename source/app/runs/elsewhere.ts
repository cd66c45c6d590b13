/** Runs that were started from here on another host: what is kept of them here, and what that host says of them now. */
import {randomUUID} from 'node:crypto';
import {readdirSync, rmSync} from 'node:fs';
import {dirname, join} from 'node:path';
import * as v from 'valibot';
import {exitCode, Failure} from '../../base/failure.ts';
import {thisProcess} from '../../base/process/process-start.ts';
import {makeFolder, writeFileAtomic} from '../../base/safe-files.ts';
import {readSmallFile} from '../../base/small-file.ts';
import {namePattern} from '../../box/box.ts';
import {sshDestination} from '../../engine/ssh-words.ts';
import type {Host, Paths} from '../../host/host.ts';
import {runOverSsh} from '../../host/ssh-command.ts';
import {isFollowed} from '../../job/runs/record.ts';
import {safeText} from '../../text/safe.ts';
import {shellQuote} from '../../text/shell-quote.ts';
import {withOwnFolders} from '../hosts/project-there.ts';
import {tooLate, whyNot} from '../hosts/why-not.ts';
import {findRun} from './find.ts';

const text = v.string();
const maybeText = v.nullable(text);

/** An element of `gpubox runs --json` there, as far as it is used here. */
const runThere = v.object({
	name: v.pipe(text, v.regex(namePattern)),
	/** The token of the call here that started it. */
	from: v.optional(text),
	id: maybeText,
	owner: text,
	project: text,
	state: v.picklist(['waiting', 'running', 'done', 'lost']),
	command: v.array(text),
	gpus: v.array(text),
	startedAt: maybeText,
	endedAt: maybeText,
	exitCode: v.nullable(v.number()),
	signal: maybeText,
	reason: maybeText,
	folder: text,
});
export type RunThere = v.InferOutput<typeof runThere>;

const elsewhereRecord = v.object({
	version: v.literal(1),
	token: v.pipe(text, v.uuid()),
	/** As the user called the host. */
	host: text,
	/** Where it is: ssh://… */
	ssh: text,
	project: text,
	command: v.array(text),
	createdAt: text,
	/** The gpubox here that started it. */
	follower: v.optional(v.object({pid: v.number(), startedAt: text})),
	/** What the host said of it last; null before it was asked. */
	there: v.nullable(runThere),
});
export type ElsewhereRecord = v.InferOutput<typeof elsewhereRecord>;

type Place = Pick<Paths, 'state'>;

const folderOf = ({state}: Place) => join(dirname(state), 'runs-elsewhere');
const pathOf = (place: Place, token: string) => join(folderOf(place), `${token}.json`);

function write(place: Place, record: ElsewhereRecord): void {
	writeFileAtomic(pathOf(place, record.token), JSON.stringify(record), {mode: 0o600});
}

/** Before a run is started there: should this process be killed, it is found again by its token. @throws errors of the file system */
export function recordElsewhere(
	place: Place,
	{host, ssh, project, command}: {host: string; ssh: URL; project: string; command: readonly string[]},
): ElsewhereRecord {
	const record: ElsewhereRecord = {
		version: 1,
		token: randomUUID(),
		host,
		ssh: ssh.href,
		project,
		command: [...command],
		createdAt: new Date().toISOString(),
		follower: thisProcess(),
		there: null,
	};
	makeFolder(folderOf(place));
	write(place, record);
	return record;
}

/** The run stays on its host. */
export function forgetElsewhere(place: Place, {token}: Pick<ElsewhereRecord, 'token'>): void {
	rmSync(pathOf(place, token), {force: true});
}

/** All that were started from here, without what cannot be read. */
export function recordsElsewhere(place: Place): ElsewhereRecord[] {
	let names: string[];
	try {
		names = readdirSync(folderOf(place));
	} catch {
		// None was ever started.
		return [];
	}

	return names.flatMap((name) => {
		try {
			const parsed = v.safeParse(elsewhereRecord, JSON.parse(readSmallFile(join(folderOf(place), name)).toString()));
			return parsed.success && `${parsed.output.token}.json` === name ? [parsed.output] : [];
		} catch {
			// It is being removed.
			return [];
		}
	});
}

/** The same, for what is asked here: none where another host asks. */
function knownElsewhere(place: Place): ElsewhereRecord[] {
	return process.env[askedVariable] === undefined ? recordsElsewhere(place) : [];
}

/** A run there, and how far it is: unknown where its host does not answer. */
export type RunElsewhere = {record: ElsewhereRecord; state: RunThere['state'] | 'unknown'};

/** A host that did not answer, and the names of its runs are those of the last answer. */
export type Silent = {host: string; why: string; fix: string};

/** Milliseconds that each host has: in a list, which is of use without it, and where its answer is needed. */
const listLimitMs = 2000;
const findLimitMs = 5000;

/**
Set for gpubox on another host: it answers for its own runs alone. Two hosts that each started runs on the other would otherwise ask each other
without end, and a name could lead from one host on to the next.
*/
const askedVariable = 'GPUBOX_ASKED_FROM_HOST';

const isOver = ({there}: ElsewhereRecord) => there !== null && (there.state === 'done' || there.state === 'lost');

/** The same without asking anyone, and without writing: what has not ended may have by now. */
export function lastToldElsewhere({paths}: Pick<Host, 'paths'>): RunElsewhere[] {
	return knownElsewhere(paths).map((record) => ({
		record,
		state: isOver(record) ? (record.there?.state ?? 'unknown') : 'unknown',
	}));
}

/**
What became of the runs that were started from here: hosts with runs that have not ended are asked at the same time. Runs that their host does not
have (nothing was started, or they were removed there) are forgotten.

@param which all of them where it is missing; then hosts have less time
@throws the signal's reason; errors of the file system
*/
export async function askElsewhere(
	{paths}: Pick<Host, 'paths'>,
	signal: AbortSignal,
	which?: (record: ElsewhereRecord) => boolean,
): Promise<{runs: RunElsewhere[]; silent: Silent[]}> {
	const limitMs = which === undefined ? listLimitMs : findLimitMs;
	const records = knownElsewhere(paths).filter(which ?? (() => true));
	const hosts = new Map<string, ElsewhereRecord[]>();
	const runs: RunElsewhere[] = [];
	const silent: Silent[] = [];
	for (const record of records) {
		if (isOver(record)) {
			runs.push({record, state: record.there?.state ?? 'unknown'});
		} else {
			hosts.set(record.ssh, [...(hosts.get(record.ssh) ?? []), record]);
		}
	}

	await Promise.all(
		[...hosts].map(async ([url, ofHost]) => {
			const answer = await runsThere(new URL(url), limitMs, signal);
			if ('why' in answer) {
				silent.push({host: ofHost[0]?.host ?? url, ...answer});
				runs.push(...ofHost.map((record) => ({record, state: 'unknown' as const})));
				return;
			}

			for (const record of ofHost) {
				const known = withAnswer(record, answer.runs, isFollowed(record));
				if (known === undefined) {
					forgetElsewhere(paths, record);
				} else {
					write(paths, known.record);
					runs.push(known);
				}
			}
		}),
	);
	return {runs, silent};
}

/** A run with what its host said. Undefined when the host has no such run, and none is being started. Pure. */
export function withAnswer(
	record: ElsewhereRecord,
	runs: readonly RunThere[],
	starting: boolean,
): RunElsewhere | undefined {
	const there = runs.find(({from}) => from === record.token);
	return there === undefined
		? starting
			? {record, state: 'waiting'}
			: undefined
		: {record: {...record, there}, state: there.state};
}

async function runsThere(
	ssh: URL,
	limitMs: number,
	signal: AbortSignal,
): Promise<{runs: RunThere[]} | Omit<Silent, 'host'>> {
	const limit = AbortSignal.timeout(limitMs);
	try {
		const {code, stdout, stderr} = await runOverSsh(
			ssh,
			`sh -c ${shellQuote(gpuboxThere(['runs', '--json']))}`,
			AbortSignal.any([signal, limit]),
		);
		if (code !== 0) {
			return whyNot(stderr, ssh.hostname);
		}

		const runs = parseRuns(stdout);
		return runs === undefined
			? {why: 'its list of runs cannot be read', fix: `Look there: ssh ${sshDestination(ssh)} gpubox runs --json`}
			: {runs};
	} catch (error) {
		signal.throwIfAborted();
		if (limit.aborted) {
			const fix = `It may be busy, or down. Look there: ssh ${sshDestination(ssh)} gpubox runs`;
			return {...tooLate(limitMs), fix};
		}

		throw error;
	}
}

/**
What `gpubox runs --json` prints. Elements that are none are left out; undefined where it is not such a list, or one that a call like this started
is none: it would be taken for one that the host does not have. Pure.
*/
export function parseRuns(printed: string): RunThere[] | undefined {
	const list = v.safeParse(v.pipe(v.string(), v.parseJson(), v.object({runs: v.array(v.unknown())})), printed);
	if (
		!list.success ||
		list.output.runs.some((run) => v.is(v.object({from: v.unknown()}), run) && !v.is(runThere, run))
	) {
		return undefined;
	}

	return list.output.runs.filter((run) => v.is(runThere, run));
}

/** A script for `sh -c` on another host: gpubox there, in the login's own folder. */
export function gpuboxThere(words: readonly string[]): string {
	return `${withOwnFolders}; ${askedVariable}=1; export ${askedVariable}; exec gpubox ${words.map(shellQuote).join(' ')}`;
}

/**
A run that was started from here on another host.

@param given NAME, or HOST:NAME. A run of this machine goes before one of another host with the same name
@returns undefined when there is none
@throws Failure when a host on which it could be does not answer; the signal's reason
*/
export async function findElsewhere(
	host: Pick<Host, 'paths'>,
	given: string,
	signal: AbortSignal,
): Promise<(ElsewhereRecord & {there: RunThere}) | undefined> {
	const colon = given.lastIndexOf(':');
	const [on, name] = colon === -1 ? [undefined, given] : [given.slice(0, colon), given.slice(colon + 1)];
	const possible = (record: ElsewhereRecord) => on === undefined || record.host === on;
	if ((on === undefined && findRun(host, given) !== undefined) || !namePattern.test(name)) {
		return undefined;
	}

	const named = (records: readonly ElsewhereRecord[]) =>
		records
			.filter(possible)
			.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
			.find((record): record is ElsewhereRecord & {there: RunThere} => record.there?.name === name);
	const records = knownElsewhere(host.paths);
	const known = named(records);
	// Without its host only what can be a run's name: a box of this machine must not wait for another one.
	const unnamed =
		on === undefined && !/-\d+$/.test(name)
			? []
			: records.filter((record) => possible(record) && record.there === null);
	if (known !== undefined || unnamed.length === 0) {
		return known;
	}

	const {silent} = await askElsewhere(host, signal, (record) => unnamed.some(({token}) => token === record.token));
	const found = named(recordsElsewhere(host.paths));
	const [first] = silent;
	if (found === undefined && on !== undefined && first !== undefined) {
		throw new Failure(`${safeText(first.host)} does not answer: ${first.why}.`, {
			fix: first.fix,
			exitCode: exitCode.failed,
		});
	}

	return found;
}
