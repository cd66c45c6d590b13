import {existsSync} from 'node:fs';
import {type ContainerSpec, EngineError} from '../engine/engine.ts';
import {Failure} from '../failure.ts';
import type {Host} from '../host/host.ts';
import type {Box} from './box.ts';
import {claimAndStart} from './claim-and-start.ts';
import {claimInTurn, startInTurn} from './claim-in-turn.ts';
import {readToken, removeBoxFiles} from './files.ts';
import {removeLeftBehind} from './folders.ts';
import {startBox} from './lifecycle.ts';
import {listBoxes} from './list.ts';
import {passwordName, warnOfPassword} from './own-server.ts';
import {type BoxRequest, boxFolder, hashRequest} from './plan.ts';
import {runPostCreate} from './post-create.ts';
import {prepare} from './prepare.ts';
import {waitUntilReady} from './ready.ts';
import {renewKeys, renewSecrets} from './renew.ts';
import {removeSecrets} from './secrets.ts';
import {allowSudo} from './sudo.ts';
import {syncSshFilesAfter} from './sync-ssh-files.ts';
import type {UpOptions, UpResult} from './up-steps.ts';
import {chooseName, findOwn, stillUndecided, workOut} from './work-out.ts';

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
	const existing = findOwn(await listBoxes(host.engine, signal), host.person, request);
	if (existing && existing.state !== 'created' && !options.recreate) {
		return reuse(host, existing, request, options);
	}

	const prepared = await prepare(host, request, {...options, engine});
	if (existing && options.recreate) {
		// Only now that nothing else can be missing. Its files stay, so neither the token nor the host key changes.
		await remove(host, existing);
		removeSecrets(host.paths, existing.folder);
	}

	const {box, made} = await (options.queue
		? claimInTurn(host, prepared, options)
		: claimAndStart(host, prepared, signal));
	report({kind: 'start', name: box.name});
	let result: UpResult;
	try {
		result = await finish(host, box, options, true);
	} catch (error) {
		// It never worked, so it is nothing to keep: its last words are in the failure. Unless another `up` made it and is
		// waiting for it as well.
		if (made && !hasVanished(error)) {
			await remove(host, box);
			removeBoxFiles(host.paths, box.folder);
			await tellSsh(host, box, options.report);
		}

		throw error;
	}

	if (existing && options.recreate && existing.folder !== box.folder) {
		// Only now that the new box works: token and host key lived on in there.
		removeBoxFiles(host.paths, existing.folder);
	}

	await removeLeftBehind(host, box.project);
	await runPostCreate(host, box, request, options);
	return result;
}

async function remove({engine}: Host, box: Box): Promise<void> {
	try {
		await engine.removeContainer(box.id, {force: true, volumes: true});
	} catch (error) {
		if (!hasVanished(error)) {
			throw error;
		}
	}
}

/** The container that `up` would make now. Touches nothing. */
export async function planUp(host: Host, request: BoxRequest, options: UpOptions): Promise<ContainerSpec> {
	const prepared = await prepare(host, request, {
		...options,
		engine: host.engine.info(options.signal),
		dryRun: true,
	});
	const boxes = await listBoxes(host.engine, options.signal);
	const name = chooseName(boxes, host.person, request);
	const own = findOwn(boxes, host.person, request);
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
		(await workOut(host, prepared, others, {name, folder}, {ports: new Set(), limits: prepared.engine.rootless})) ??
		Promise.reject(stillUndecided())
	);
}

async function reuse(host: Host, box: Box, request: BoxRequest, options: UpOptions): Promise<UpResult> {
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
	if (!running) {
		options.report({kind: 'start', name: box.name});
		await (options.queue ? startInTurn(host, box, options) : startBox(host, box, options.signal));
	}

	const result = await finish(host, box, options, !running);
	if (box.postCreate) {
		// It may have failed, or been broken off, and been mended since. A box made without such a command gets none.
		await runPostCreate(host, box, request, options);
	}

	return result;
}

async function finish(host: Host, box: Box, options: UpOptions, changed: boolean): Promise<UpResult> {
	const token = readToken(host.paths, box.folder);
	if (box.sudo && !box.rootPassword && !(await allowSudo(host.engine, box))) {
		options.report({kind: 'note', text: `${box.image} has no sudo, so --sudo gives nothing in ${box.name}.`});
	}

	if (options.wait) {
		await waitUntilReady(host, box, token, options);
	}

	if (box.rootPassword) {
		const {keepHostKey} = await import('./keep-host-key.ts');
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
