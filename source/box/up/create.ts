import {existsSync} from 'node:fs';
import {Failure} from '../../base/failure.ts';
import {adviceForWrite} from '../../base/write-advice.ts';
import {type Engine, EngineError} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {type Box, label} from '../box.ts';
import {keptBefore, newFolder} from '../files/directories.ts';
import {missingSecrets} from '../files/secrets.ts';
import {removeBoxFiles, settleBoxFiles, writeBoxFiles} from '../files/write-files.ts';
import {pause} from '../gpus/claim-start.ts';
import {abandonedAfter, decideClaim, isAbandoned} from '../gpus/claims.ts';
import {listClaims} from '../list.ts';
import {boxFolder} from '../paths.ts';
import {userInside} from '../plan/run-as.ts';
import {placeSudoers} from '../plan/sudo.ts';
import type {Prepared} from '../plan/types.ts';
import {type BoxRecord, newNonce, writeRecord} from '../record.ts';
import {rememberRefusedLimits} from '../refused-limits.ts';
import {removeUnlessRunning} from '../remove-container.ts';
import {boxTarget, type Lost, notesOnGpus, stillUndecided, type Target, workOut} from './resolve-spec.ts';

/**
Creates the container, makes sure that its GPUs are its own (see claims.ts) and starts it. A GPU, port or name that another process
takes in the meantime is chosen again, as long as there is a choice.

@returns `notes`: what the user should know of its GPUs
@param options.listed the boxes as they were a moment ago, for the first attempt: what changed since costs another attempt
@param options.target the project's box when missing
*/
export async function claimAndStart(
	host: Host,
	prepared: Prepared,
	signal: AbortSignal,
	{
		listed,
		target = boxTarget(host.person, prepared.request),
	}: {listed?: Box[] | undefined; target?: Target | undefined} = {},
): Promise<ClaimedBox & {notes: string[]}> {
	const folders = new Set<string>();
	try {
		const claimed = await claim(host, prepared, {target, folders, signal, listed});
		return {...claimed, notes: claimed.made ? notesOnGpus(prepared, [], claimed.box.gpus) : []};
	} catch (error) {
		// An engine that no longer answers may have created the container: then a later run cleans up.
		const boxes = folders.size > 0 ? await listClaims(host).catch(() => undefined) : undefined;
		if (boxes) {
			removeUnused(host, folders, boxes);
		}

		throw error;
	}
}

/** The result of one attempt to get a running box. */
type Attempt =
	| ({kind: 'running'} & ClaimedBox)
	/** Another process was faster, or is about to be: the next attempt sees which. */
	| {kind: 'lost-race'}
	| {kind: 'rlimits-refused'}
	| {kind: 'ports-taken'; ports: number[]}
	/** By a container that is not a box. */
	| {kind: 'name-taken'; name: string};

type ClaimOptions = {
	target: Target;
	/** Collects those that were written and may belong to a container. */
	folders: Set<string>;
	signal: AbortSignal;
	/** Listed again when missing. */
	listed: Box[] | undefined;
};

async function claim(host: Host, prepared: Prepared, {listed, ...options}: ClaimOptions): Promise<ClaimedBox> {
	const {signal} = options;
	let boxes = listed;
	let lost: Lost = {ports: [], names: [], rlimits: prepared.engine.rootless};
	// What a crashed run left is abandoned after half of that, even on a busy machine.
	const end = Date.now() + 4 * abandonedAfter;
	while (Date.now() < end) {
		signal.throwIfAborted();
		const attempt = await attemptOnce(host, prepared, lost, {...options, listed: boxes});
		boxes = undefined;
		switch (attempt.kind) {
			case 'running':
				return {box: attempt.box, made: attempt.made};
			case 'lost-race':
				await pause(signal);
				break;
			case 'rlimits-refused':
				rememberRefusedLimits(host.paths, host.engine.address);
				lost = {...lost, rlimits: true};
				break;
			case 'ports-taken':
				lost = {...lost, ports: [...lost.ports, ...attempt.ports]};
				break;
			case 'name-taken':
				lost = {...lost, names: [...lost.names, attempt.name]};
				break;
		}
	}

	throw stillUndecided();
}

async function attemptOnce(host: Host, prepared: Prepared, lost: Lost, options: ClaimOptions): Promise<Attempt> {
	const {target, folders, signal} = options;
	const boxes = options.listed ?? (await listClaims(host, signal));
	removeUnused(host, folders, boxes);
	const pending = target.findPending(boxes);
	if (pending) {
		// Another run of the caller is about to record it as the caller's, or was killed before it could.
		if (isAbandoned(pending, new Date())) {
			await removeUnlessRunning(host, pending);
		}

		return {kind: 'lost-race'};
	}

	const own = target.findOwn(boxes);
	if (own) {
		return tryToStart(host, {box: own, made: false}, boxes, prepared, {lost, target});
	}

	const name = target.chooseName(boxes, lost);
	const attempt = await createContainer(host, prepared, {target, name, boxes, lost, folders, signal});
	if (attempt.kind !== 'created') {
		return attempt;
	}

	const {container} = attempt;
	const connecting = target.connect?.(container) ?? Promise.resolve();
	// What has no GPU has no rivals, so that none have to be looked for first.
	const starting = hasNoRivals(prepared) ? connecting.then(() => host.engine.startContainer(container)) : undefined;
	starting?.catch(() => {});
	let boxesNow: Box[] = [];
	let created: Box | undefined;
	try {
		[boxesNow] = await Promise.all([listClaims(host), connecting]);
		created = target.findOwn(boxesNow);
	} finally {
		if (created === undefined) {
			await removeStarted(host, container, starting);
		}
	}

	return created
		? tryToStart(host, {box: created, made: true}, boxesNow, prepared, {lost, target, starting})
		: {kind: 'lost-race'};
}

/** With `sudo` a file goes into the container before it is started. */
function hasNoRivals({gpuSelection, request}: Pick<Prepared, 'gpuSelection' | 'request'>): boolean {
	return gpuSelection.kind === 'none' && request.sudo !== true;
}

/** What runs without being known as the caller's would have no one who looks after it. */
async function removeStarted({engine}: Host, container: string, starting: Promise<void> | undefined): Promise<void> {
	if (starting === undefined) {
		return;
	}

	try {
		await starting;
		await engine.removeContainer(container, {force: true, volumes: true});
	} catch (error) {
		if (!(error instanceof EngineError)) {
			throw error;
		}
	}
}

/** Writes the box's files, creates its container and records it as the caller's. */
async function createContainer(
	host: Host,
	prepared: Prepared,
	given: {target: Target; name: string; boxes: Box[]; lost: Lost; folders: Set<string>; signal: AbortSignal},
): Promise<Attempt | {kind: 'created'; container: string}> {
	const {engine, paths} = host;
	const {request} = prepared;
	const {name, boxes, signal} = given;
	const folder = newFolder(name);
	const nonce = newNonce();
	const former = boxes.find((box) => box.mine && box.replaced && box.name === name);
	const spec = await workOut(host, prepared, boxes, {name, folder, nonce, former}, given.lost, given.target.plan);
	if (!spec) {
		return {kind: 'lost-race'};
	}

	given.folders.add(folder);
	const record = {engine: engine.address, project: request.project, nonce, labels: spec.labels, request: {...request}};
	const personal = {
		...prepared,
		userInside: userInside(prepared.engine, prepared.runAs),
		// A rootless engine does not map them.
		...(prepared.engine.rootless ? {groups: []} : {}),
		foreignRoot: prepared.engine.remapsUsers === true,
	};
	const isJob = spec.labels[label.kind] === 'run';
	writeBoxFiles(paths, folder, personal, {
		record,
		kept: isJob ? [] : keptBefore(paths, name, record, boxes),
		job: isJob ? [...(spec.entrypoint ?? []), ...(spec.command ?? [])] : undefined,
	});
	let container: string;
	try {
		container = await engine.createContainer(spec, signal);
	} catch (error) {
		if (!(error instanceof EngineError)) {
			throw error;
		}

		if (error.code === 'name-taken') {
			return (await isOfAnotherProgram(engine, spec.name, signal)) ? {kind: 'name-taken', name} : {kind: 'lost-race'};
		}

		if (!isWhole(host, {folder, secrets: (request.secrets ?? []).map((secret) => secret.name)})) {
			// This took so long that another run removed the folder as a leftover.
			return {kind: 'lost-race'};
		}

		throw error;
	}

	// From here to the start nothing is interrupted: a container that is neither started nor removed would be left.
	return (await keepRecord(host, folder, {...record, container})) ? {kind: 'created', container} : {kind: 'lost-race'};
}

/**
Whether a name that is taken belongs to another program's container. The engine reserves a name before the container can be seen: a taken
name without a container is that of a box which another process is creating at this moment.
*/
async function isOfAnotherProgram(engine: Engine, name: string, signal: AbortSignal): Promise<boolean> {
	const holder = await engine.inspectContainer(name, signal);
	return holder !== undefined && holder.labels[label.name] === undefined;
}

/**
@param boxes listed after `box` was created
@param given.starting its start, where that has been asked for
*/
async function tryToStart(
	host: Host,
	{box, made}: ClaimedBox,
	boxes: Box[],
	{request, runAs, engine: about}: Prepared,
	{lost, target, starting}: {lost: Lost; target: Target; starting?: Promise<void> | undefined},
): Promise<Attempt> {
	const {engine, paths} = host;
	if (starting === undefined && !(await clearTheWay(host, box, boxes))) {
		await removeUnlessRunning(host, box);
		return {kind: 'lost-race'};
	}

	try {
		// From the record, not the labels: a box that an earlier call left half-made gets what that call requested.
		if (starting === undefined && box.sudo && !box.rootPassword) {
			await placeSudoers(engine, box.id, userInside(about, runAs));
		}

		await target.connect?.(box.id);
		await (starting ?? engine.startContainer(box.id));
	} catch (error) {
		if (!(error instanceof EngineError)) {
			throw error;
		}

		if (error.code === 'not-found' || error.code === 'conflict') {
			// A rival with precedence removed it; that is how it signals its claim.
			return {kind: 'lost-race'};
		}

		await removeUnlessRunning(host, box);
		if (!isWhole(host, box)) {
			return {kind: 'lost-race'};
		}

		// Another run of the caller's may have created it before it learnt that.
		if (/error setting rlimit/.test(error.message) && !(made && lost.rlimits)) {
			// An engine without root privileges cannot raise them, and most workloads do not need that.
			return {kind: 'rlimits-refused'};
		}

		if (error.code === 'port-taken' && request.port === undefined) {
			return {kind: 'ports-taken', ports: Object.values(box.addresses).map(({port}) => port)};
		}

		throw error;
	}

	if (made && box.folder !== undefined) {
		settleBoxFiles(paths, box.folder);
	}

	return {kind: 'running', box: {...box, state: 'running'}, made};
}

/** Removes rivals that come after `box`. @returns false when a rival has precedence */
async function clearTheWay(host: Host, box: Box, boxes: Box[]): Promise<boolean> {
	for (let seen = boxes; ; seen = await listClaims(host)) {
		const decision = decideClaim(box, seen, new Date());
		if (decision.kind !== 'remove') {
			return decision.kind === 'start';
		}

		for (const rival of decision.rivals) {
			await removeUnlessRunning(host, rival);
		}
	}
}

/**
Records a container as the caller's, before anything else happens to it. Where that fails the container is removed: it would have no
owner.

@returns false when another run has removed the folder as a leftover in the meantime
@throws Failure when the record cannot be written
*/
async function keepRecord(host: Host, folder: string, record: BoxRecord & {container: string}): Promise<boolean> {
	try {
		// `settleBoxFiles` follows the start.
		writeRecord(host.paths, folder, record, {replaceable: true});
		return true;
	} catch (error) {
		await removeUnlessRunning(host, {id: record.container});
		if (!existsSync(boxFolder(host.paths, folder))) {
			return false;
		}

		throw new Failure(`Cannot write the box's files: ${(error as Error).message}`, {
			fix: adviceForWrite(error, boxFolder(host.paths, folder)),
			cause: error,
		});
	}
}

/** A running box, and whether it was created here or found half-made. */
export type ClaimedBox = {box: Box; made: boolean};

/** Removes folders created here that no container has or will have: each was for one attempt to create a container. */
function removeUnused({paths}: Host, folders: Set<string>, boxes: Box[]): void {
	for (const folder of folders) {
		if (!boxes.some((box) => box.folder === folder)) {
			removeBoxFiles(paths, folder);
			folders.delete(folder);
		}
	}
}

function isWhole({paths}: Host, box: Pick<Box, 'folder' | 'secrets'>): boolean {
	return (
		box.folder !== undefined && existsSync(boxFolder(paths, box.folder)) && missingSecrets(paths, box).length === 0
	);
}
