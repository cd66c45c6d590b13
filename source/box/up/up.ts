import {existsSync} from 'node:fs';
import timers from 'node:timers/promises';
import {exitCode, Failure} from '../../base/failure.ts';
import type {ContainerSpec} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {safeText} from '../../text/safe.ts';
import {type Box, containerPrefix, type OwnBox} from '../box.ts';
import {readToken, renewBadToken} from '../jupyter/token.ts';
import {listBoxes, listClaims, onlyBoxes, ownerText} from '../list.ts';
import {boxFolder} from '../paths.ts';
import {hashRequest} from '../plan/base.ts';
import {type Difference, differencesOf, toRecordedRequest} from '../plan/differences.ts';
import {passwordName, warnOfPassword} from '../plan/image-sshd.ts';
import {hasSudo} from '../plan/sudo.ts';
import type {BoxRequest, Prepared} from '../plan/types.ts';
import {readRecord} from '../record.ts';
import {syncSshFilesAfter} from '../ssh/sync-config.ts';
import {claimAndStart} from './create.ts';
import {claimInTurn, startInTurn} from './gpu-queue.ts';
import {removeLeftovers} from './leftovers.ts';
import {hasVanished, startBox} from './lifecycle.ts';
import {runPostCreate} from './post-create.ts';
import {checkValues, prepare} from './prepare.ts';
import {waitUntilReady} from './readiness.ts';
import {renewKeys, renewSecrets} from './refresh-credentials.ts';
import {removeWithFiles} from './remove-with-files.ts';
import {bringBack, setAside} from './replace.ts';
import {chooseName, findOwn, notesOnGpus, othersOf, stillUndecided, workOut} from './resolve-spec.ts';
import {tellOwner} from './tell-owner.ts';
import type {UpOptions, UpResult} from './types.ts';

/** Of a box that is being removed; longer each time. */
const removalPauseMs = 200;

/** Written by templates/box/run-entrypoint. */
const entrypointFailed = '/tmp/gpubox/entrypoint.failed';

/**
Finds or creates the project's box and waits until its services answer. Safe to run any number of times, also concurrently: the box
is created once, and what a killed run left half-made is completed.

@throws Failure, EngineError
*/
export async function up(host: Host, request: BoxRequest, options: UpOptions): Promise<UpResult> {
	for (let attempt = 1; ; attempt++) {
		try {
			return await upOnce(host, request, options);
		} catch (error) {
			// Another process removed the box in the meantime, for example an `up` that was interrupted.
			if (!hasVanished(error) || attempt === 5 || options.signal.aborted) {
				throw error;
			}

			// The engine lists it until all of it is gone.
			await timers.setTimeout(removalPauseMs * attempt, undefined, {signal: options.signal}).catch(() => {});
			options.signal.throwIfAborted();
		}
	}
}

async function upOnce(host: Host, request: BoxRequest, options: UpOptions): Promise<UpResult> {
	const {signal, report} = options;
	checkValues(request, host);
	// Requested at the same time, because a new box needs it; an existing one does not, and then its failure does not matter.
	const engine = host.engine.info(signal);
	engine.catch(() => {});
	const claims = await listClaims(host, signal);
	const listedAt = process.uptime();
	const boxes = onlyBoxes(claims);
	const existing = findOwn(boxes, host.person, request);
	for (const text of noteClaims(boxes, request)) {
		report({kind: 'note', text});
	}

	if (existing && existing.state !== 'created' && !options.recreate) {
		return reuse(host, existing, request, options, claims);
	}

	for (const text of noteOthers(boxes, existing, request)) {
		report({kind: 'note', text});
	}

	if (existing && options.recreate) {
		await options.agreeToEnd?.(existing);
	}

	const prepared = await prepare(host, request, {...options, engine, boxes, own: existing});
	// Only now, when everything that a new box needs is there.
	const previous = existing && options.recreate ? await setAside(host, existing) : undefined;
	let result: UpResult;
	try {
		// A pull or a build takes long enough for other boxes to come, and the box set aside has another name.
		const current = previous === undefined && process.uptime() - listedAt < 1;
		result = await makeBox(host, prepared, options, current ? claims : undefined);
	} catch (error) {
		if (previous) {
			await bringBack(host, previous, report);
		}

		throw error;
	}

	if (previous) {
		await tellOwner(host, result.box, 'recreated');
		// Only now that the new box works: until here the old folder kept the token and the host key.
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
	const {box, made, notes} = await (options.queue
		? claimInTurn(host, prepared, options)
		: claimAndStart(host, prepared, options.signal, {listed}));
	for (const text of notes) {
		options.report({kind: 'note', text});
	}

	options.report({kind: 'start', name: box.name});
	try {
		const result = await finish(host, box, options, true);
		await noteEntrypoint(host, box, prepared, options);
		return result;
	} catch (error) {
		// It never worked, so it is removed: the end of its log is in the failure. Unless another `up` created it and is also
		// waiting for it.
		if (made && !hasVanished(error)) {
			await removeWithFiles(host, box);
			await tellSsh(host, box, options.report);
		}

		throw error;
	}
}

/** Whether the image's entrypoint gave the box its environment is known once the box has started. */
async function noteEntrypoint(
	{engine}: Host,
	box: Box,
	{entrypoint = [], ownServer, image}: Prepared,
	{wait, report, signal}: UpOptions,
): Promise<void> {
	const isAsked = wait && entrypoint.length > 0 && !ownServer;
	if (isAsked && (await engine.fileExists(box.id, entrypointFailed, signal))) {
		report({
			kind: 'note',
			text: `The entrypoint of ${safeText(image)} (${safeText(entrypoint.join(' '))}) does not run in a box: PATH and variables that it sets are missing. Set them in gpubox.yaml (env) or in the image (ENV). Why: gpubox logs ${box.name}`,
		});
	}
}

/** Notes about containers whose labels claim to be the caller's box for this folder, but which have no record. */
function noteClaims(boxes: readonly Box[], {project}: BoxRequest): string[] {
	return boxes
		.filter(({ownerIs, projectPath}) => ownerIs === 'claimed' && projectPath === project)
		.map(
			({name}) =>
				`${containerPrefix}${name} claims to be your box for this folder, but this account did not create it, so it is ignored. To remove it: docker rm -f ${containerPrefix}${name}`,
		);
}

/** A note about other boxes for the same folder, which are not taken for the caller's own. */
function noteOthers(boxes: readonly Box[], own: Box | undefined, request: BoxRequest): string[] {
	const others = othersOf(boxes, own, request);
	if (others.length === 0) {
		return [];
	}

	const told = others.map((box) => `${box.name} (${box.mine ? 'yours' : ownerText(box)}, ${box.state})`).join(', ');
	const another = others.find(({mine}) => mine);
	const fix = another === undefined ? '' : ` To use yours instead: --name ${another.name}`;
	return [`${others.length === 1 ? 'Another box' : 'Other boxes'} for this folder: ${told}.${fix}`];
}

/** The container that `up` would create now. Changes nothing. */
export async function planUp(host: Host, request: BoxRequest, options: UpOptions): Promise<ContainerSpec> {
	const engine = host.engine.info(options.signal);
	engine.catch(() => {});
	const boxes = await listBoxes(host, options.signal);
	const own = findOwn(boxes, host.person, request);
	const prepared = await prepare(host, request, {...options, engine, boxes, own, dryRun: true});
	const name = chooseName(boxes, host.person, request);
	// The line describes the box that already exists, so its own GPUs and ports do not count as taken.
	const others = boxes.filter((box) => box !== own);
	// A new box gets a folder with a random name; here the line is only printed, and must be the same each time.
	const folder = own?.folder ?? name;
	if (!existsSync(boxFolder(host.paths, folder))) {
		options.report({
			kind: 'note',
			text: 'This command mounts files that `gpubox up` creates, so it works only after the first `gpubox up`.',
		});
	}

	const nonce = own ? (readRecord(host.paths, folder)?.nonce ?? '') : '';
	const lost = {ports: [], rlimits: prepared.engine.rootless};
	const spec = await workOut(host, prepared, others, {name, folder, nonce, former: own}, lost);
	if (spec === undefined) {
		throw stillUndecided();
	}

	for (const text of notesOnGpus(prepared, others, spec.gpus)) {
		options.report({kind: 'note', text});
	}

	return spec;
}

/** @returns what the existing box does not have as asked, which is reported. @throws Failure (taken) with --exact */
function compareWith(host: Host, box: OwnBox, request: BoxRequest, options: UpOptions): Difference[] {
	const recorded = toRecordedRequest(readRecord(host.paths, box.folder)?.request);
	const differs = differencesOf(request, options.asked, box, recorded);
	const unnamed = recorded === undefined && differs.length === 0 && options.asked.size > 0;
	const told = differs.map(({option, asked, has}) => `${option}: asked for ${asked}, has ${has}`);
	if (options.exact && (differs.length > 0 || (unnamed && box.spec !== hashRequest(request)))) {
		throw new Failure(`${box.name} exists and differs from what was asked for.`, {
			details: told,
			fix: 'To apply the options (software installed inside is lost): --recreate',
			exitCode: exitCode.taken,
		});
	}

	if (differs.length > 0) {
		const text = `${box.name} was created with different options: ${told.join('; ')}. To apply the new ones: --recreate`;
		options.report({kind: 'note', text});
	} else if (unnamed && box.spec !== hashRequest(request)) {
		const text = `${box.name} was created with different options. To apply the new ones: --recreate`;
		options.report({kind: 'note', text});
	}

	return differs;
}

async function reuse(
	host: Host,
	box: OwnBox,
	request: BoxRequest,
	options: UpOptions,
	claims: readonly Box[],
): Promise<UpResult> {
	const differs = compareWith(host, box, request, options);

	if (box.rootPassword) {
		options.report({kind: 'note', text: warnOfPassword(box.image)});
		if (box.state === 'running' && options.secrets?.given.includes(passwordName)) {
			options.report({kind: 'note', text: `The new password takes effect after a restart: gpubox stop ${box.name}`});
		}
	}

	if (box.until && box.until <= new Date()) {
		options.report({
			kind: 'note',
			text: `The reservation of ${box.name} has expired. Renew it: gpubox extend ${box.name} 4h`,
		});
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
		for (const text of noteOthers(claims, box, request)) {
			note(text);
		}

		options.report({kind: 'start', name: box.name});
		await (options.queue ? startInTurn(host, box, options) : startBox(host, box, options.signal, note));
	}

	let result: UpResult;
	try {
		result = await finish(host, box, options, !running);
	} catch (error) {
		if (!running || (await host.engine.inspectContainer(box.id, options.signal))?.state !== 'exited') {
			throw error;
		}

		// The engine was still stopping it when the boxes were listed.
		await startBox(host, box, options.signal);
		result = await finish(host, box, options, true);
	}

	await removeLeftovers(host, claims, box.projectPath);
	if (box.postCreate) {
		// It may have failed or been interrupted, and been fixed since. A box created without such a command gets none.
		await runPostCreate(host, box, request, options);
	}

	return {...result, differs};
}

async function finish(host: Host, box: Box, options: UpOptions, changed: boolean): Promise<UpResult> {
	const token = readToken(host.paths, box.folder);
	if (box.sudo && !box.rootPassword && !(await hasSudo(host.engine, box.id, options.signal))) {
		options.report({kind: 'note', text: `${box.image} has no sudo, so --sudo has no effect in ${box.name}.`});
	}

	if (options.wait) {
		await waitUntilReady(host, box, token, options);
	}

	if (box.rootPassword) {
		const {keepHostKey} = await import('../ssh/host-key.ts');
		await keepHostKey(host, box, options.signal);
	}

	await tellSsh(host, box, options.report);
	return {
		box: {...box, state: 'running'},
		changed,
		created: false,
		differs: [],
		...(token === undefined ? {} : {token}),
	};
}

/** Updates the user's ssh configuration after a box was created or removed. Without it the box works, but not by its name. */
async function tellSsh(host: Host, box: Box, report: UpOptions['report']): Promise<void> {
	const note = await syncSshFilesAfter(host, box);
	if (note) {
		report({kind: 'note', text: `${note.message} ${note.fix}`});
	}
}
