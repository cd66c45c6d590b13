import {existsSync} from 'node:fs';
import {Failure} from '../../base/failure.ts';
import {type ContainerSpec, EngineError} from '../../engine/engine.ts';
import type {Host, Person} from '../../host/host.ts';
import {type Box, containerPrefix, type OwnBox} from '../box.ts';
import {readToken, renewBadToken} from '../jupyter/token.ts';
import {listBoxes, listClaims, onlyBoxes} from '../list.ts';
import {boxFolder} from '../paths.ts';
import {passwordName, warnOfPassword} from '../plan/image-sshd.ts';
import {hashRequest} from '../plan/plan.ts';
import {hasSudo} from '../plan/sudo.ts';
import type {BoxRequest, Prepared} from '../plan/types.ts';
import {readRecord} from '../record.ts';
import {syncSshFilesAfter} from '../ssh/sync-config.ts';
import {claimAndStart} from './create.ts';
import {claimInTurn, startInTurn} from './gpu-queue.ts';
import {removeLeftovers} from './leftovers.ts';
import {startBox} from './lifecycle.ts';
import {runPostCreate} from './post-create.ts';
import {prepare} from './prepare.ts';
import {waitUntilReady} from './readiness.ts';
import {renewKeys, renewSecrets} from './refresh-credentials.ts';
import {removeWithFiles} from './remove-with-files.ts';
import {bringBack, setAside} from './replace.ts';
import {chooseName, findOwn, stillUndecided, workOut} from './resolve-spec.ts';
import type {UpOptions, UpResult} from './types.ts';

/**
Finds or makes the project's box and waits until its services answer. Safe to run any number of times, at once too: the box is
made once, and what a killed run left half-made is taken up.

@throws Failure, EngineError
*/
export async function up(host: Host, request: BoxRequest, options: UpOptions): Promise<UpResult> {
	for (let attempt = 1; ; attempt++) {
		try {
			return await upOnce(host, request, options);
		} catch (error) {
			// Somebody else removed the box while this one was getting on with it: another `up` that was broken off, say.
			if (!hasVanished(error) || attempt === 5 || options.signal.aborted) {
				throw error;
			}
		}
	}
}

function hasVanished(error: unknown): boolean {
	return error instanceof EngineError && error.code === 'not-found' && /no such container/i.test(error.message);
}

async function upOnce(host: Host, request: BoxRequest, options: UpOptions): Promise<UpResult> {
	const {signal, report} = options;
	// Asked at the same time, because a new box needs it; one that is there does not, and then its failure does not matter.
	const engine = host.engine.info(signal);
	engine.catch(() => {});
	const claims = await listClaims(host, signal);
	const listedAt = performance.now();
	const boxes = onlyBoxes(claims);
	const existing = findOwn(boxes, request);
	for (const text of noteClaims(boxes, host.person, request)) {
		report({kind: 'note', text});
	}

	if (existing && existing.state !== 'created' && !options.recreate) {
		return reuse(host, existing, request, options, claims);
	}

	const prepared = await prepare(host, request, {...options, engine, boxes});
	// Only now that nothing else can be missing.
	const previous = existing && options.recreate ? await setAside(host, existing) : undefined;
	let result: UpResult;
	try {
		// A pull or a build takes long enough for other boxes to come, and the box set aside has another name.
		const current = previous === undefined && performance.now() - listedAt < 1000;
		result = await makeBox(host, prepared, options, current ? claims : undefined);
	} catch (error) {
		if (previous) {
			await bringBack(host, previous, report);
		}

		throw error;
	}

	if (previous) {
		// Only now that the new box works: token and host key lived on in there.
		await removeWithFiles(host, previous);
	}

	await removeLeftovers(host, claims, request.project);
	await runPostCreate(host, result.box, request, options);
	return result;
}

async function makeBox(
	host: Host,
	prepared: Prepared,
	options: UpOptions,
	listed: Box[] | undefined,
): Promise<UpResult> {
	const {box, made} = await (options.queue
		? claimInTurn(host, prepared, options)
		: claimAndStart(host, prepared, options.signal, listed));
	options.report({kind: 'start', name: box.name});
	try {
		return await finish(host, box, options, true);
	} catch (error) {
		// It never worked, so it is nothing to keep: its last words are in the failure. Unless another `up` made it and is
		// waiting for it as well.
		if (made && !hasVanished(error)) {
			await removeWithFiles(host, box);
			await tellSsh(host, box, options.report);
		}

		throw error;
	}
}

/** What to say of containers that claim to be the caller's box for this folder, and are not by their record. */
function noteClaims(boxes: readonly Box[], person: Person, {project}: BoxRequest): string[] {
	return boxes
		.filter(
			({mine, pending, owner, projectPath}) => !mine && !pending && owner === person.name && projectPath === project,
		)
		.map(
			({name}) =>
				`${containerPrefix}${name} claims to be your box for this folder, but gpubox did not make it from this account, so it is left alone. If you know it: docker rm -f ${containerPrefix}${name}`,
		);
}

/** The container that `up` would make now. Touches nothing. */
export async function planUp(host: Host, request: BoxRequest, options: UpOptions): Promise<ContainerSpec> {
	const engine = host.engine.info(options.signal);
	engine.catch(() => {});
	const boxes = await listBoxes(host, options.signal);
	const prepared = await prepare(host, request, {...options, engine, boxes, dryRun: true});
	const name = chooseName(boxes, host.person, request);
	const own = findOwn(boxes, request);
	// The box that is there is the one that the line describes: what it has is not taken.
	const others = boxes.filter((box) => box !== own);
	// A new box gets a folder of a random name; here the line is only to be read, and shall read the same each time.
	const folder = own?.folder ?? name;
	if (!existsSync(boxFolder(host.paths, folder))) {
		options.report({
			kind: 'note',
			text: 'What this mounts of the box itself, `gpubox up` writes first: the line can be pasted once there is the box.',
		});
	}

	return (
		(await workOut(
			host,
			prepared,
			others,
			{name, folder, nonce: own ? (readRecord(host.paths, folder)?.nonce ?? '') : ''},
			{ports: [], rlimits: prepared.engine.rootless},
		)) ?? Promise.reject(stillUndecided())
	);
}

async function reuse(
	host: Host,
	box: OwnBox,
	request: BoxRequest,
	options: UpOptions,
	claims: readonly Box[],
): Promise<UpResult> {
	if (options.explicit && box.spec !== hashRequest(request)) {
		options.report({
			kind: 'note',
			text: `${box.name} was made with other options and is used as it is. To apply these: --recreate`,
		});
	}

	if (box.rootPassword) {
		options.report({kind: 'note', text: warnOfPassword(box.image)});
		if (box.state === 'running' && options.secrets?.given.includes(passwordName)) {
			options.report({kind: 'note', text: `The new password counts from the next start: gpubox stop ${box.name}`});
		}
	}

	if (box.until && box.until <= new Date()) {
		options.report({kind: 'note', text: `The time of ${box.name} is over. To have it anew: --recreate --for 4h`});
	}

	await renewKeys(host, box, options);
	await renewSecrets(host, box, options);
	const running = box.state === 'running';
	const note = (text: string) => options.report({kind: 'note', text});
	if (running) {
		const damaged = renewBadToken(host.paths, box);
		if (damaged !== undefined) {
			note(damaged);
		}
	} else {
		options.report({kind: 'start', name: box.name});
		await (options.queue ? startInTurn(host, box, options) : startBox(host, box, options.signal, note));
	}

	let result: UpResult;
	try {
		result = await finish(host, box, options, !running);
	} catch (error) {
		if (!running || (await host.engine.inspectContainer(box.id))?.state !== 'exited') {
			throw error;
		}

		// The engine was still carrying out a stop when the boxes were listed.
		await startBox(host, box, options.signal);
		result = await finish(host, box, options, true);
	}

	await removeLeftovers(host, claims, box.projectPath);
	if (box.postCreate) {
		// It may have failed, or been broken off, and been mended since. A box made without such a command gets none.
		await runPostCreate(host, box, request, options);
	}

	return result;
}

async function finish(host: Host, box: Box, options: UpOptions, changed: boolean): Promise<UpResult> {
	const token = readToken(host.paths, box.folder);
	if (box.sudo && !box.rootPassword && !(await hasSudo(host.engine, box.id))) {
		options.report({kind: 'note', text: `${box.image} has no sudo, so --sudo gives nothing in ${box.name}.`});
	}

	if (options.wait) {
		await waitUntilReady(host, box, token, options);
	}

	if (box.rootPassword) {
		const {keepHostKey} = await import('../ssh/host-key.ts');
		await keepHostKey(host, box);
	}

	await tellSsh(host, box, options.report);
	return {box: {...box, state: 'running'}, changed, ...(token === undefined ? {} : {token})};
}

/** Lets the person's ssh know that a box came or went. Without it a box works all the same, just not under its name. */
async function tellSsh(host: Host, box: Box, report: UpOptions['report']): Promise<void> {
	try {
		await syncSshFilesAfter(host, box);
	} catch (error) {
		if (!(error instanceof Failure)) {
			throw error;
		}

		report({kind: 'note', text: `${error.message} ${error.fix}`});
	}
}
