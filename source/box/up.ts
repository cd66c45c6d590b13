import type {ContainerSpec} from '../engine/engine.ts';
import {Failure} from '../failure.ts';
import type {Host} from '../host/host.ts';
import type {Box} from './box.ts';
import {chooseName, claimAndStart, findOwn, stillUndecided, workOut} from './claim-and-start.ts';
import {readToken, removeBoxFiles} from './files.ts';
import {askJupyter, jupyterUrl, waitForJupyter} from './jupyter.ts';
import {startBox} from './lifecycle.ts';
import {listBoxes} from './list.ts';
import {lastLogLines} from './logs.ts';
import {type BoxRequest, hashRequest} from './plan.ts';
import {runPostCreate} from './post-create.ts';
import {prepare} from './prepare.ts';
import type {UpOptions, UpResult} from './up-steps.ts';

const readyTimeoutMs = 120_000;

/**
Finds or makes the project's box and waits until its services answer. Safe to run any number of times, at once too: the box is
made once, and what a killed run left half-made is taken up.

@throws Failure, EngineError
*/
export async function up(host: Host, request: BoxRequest, options: UpOptions): Promise<UpResult> {
	const {signal, report} = options;
	const existing = findOwn(await listBoxes(host.engine, signal), host.person, request);
	if (existing && existing.state !== 'created' && !options.recreate) {
		return reuse(host, existing, request, options);
	}

	const prepared = await prepare(host, request, options);
	if (existing && options.recreate) {
		// Only now that nothing else can be missing. Its files stay, so the token does not change.
		await host.engine.removeContainer(existing.id, {force: true, volumes: true});
	}

	const box = await claimAndStart(host, prepared, signal);
	report({kind: 'start', name: box.name});
	let result: UpResult;
	try {
		result = await finish(host, box, options, true);
	} catch (error) {
		// It never worked, so it is nothing to keep: its last words are in the failure.
		await host.engine.removeContainer(box.id, {force: true, volumes: true});
		removeBoxFiles(host.paths, box.name);
		throw error;
	}

	await runPostCreate(host, box, request, options);
	return result;
}

/** The container that `up` would make now. Touches nothing. */
export async function planUp(host: Host, request: BoxRequest, options: UpOptions): Promise<ContainerSpec> {
	const prepared = await prepare(host, request, {...options, dryRun: true});
	const boxes = await listBoxes(host.engine, options.signal);
	const name = chooseName(boxes, host.person, request);
	return (
		(await workOut(host, prepared, boxes, name, {ports: new Set(), limits: prepared.engine.rootless})) ??
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

	const running = box.state === 'running';
	if (!running) {
		options.report({kind: 'start', name: box.name});
		await startBox(host, box, options.signal);
	}

	const result = await finish(host, box, options, !running);
	if (box.spec === hashRequest(request)) {
		// It may have failed, or been broken off, when the box was made.
		await runPostCreate(host, box, request, options);
	}

	return result;
}

async function finish(host: Host, box: Box, options: UpOptions, changed: boolean): Promise<UpResult> {
	const token = readToken(host.paths, box.name);
	const url = jupyterUrl(box);
	if (options.wait && url !== undefined && token !== undefined) {
		if ((await askJupyter(host.fetch, url, token, options.signal)) !== 'ready') {
			options.report({kind: 'wait', name: box.name, service: 'jupyter'});
			await waitForJupyter(host.fetch, url, token, {
				timeoutMs: readyTimeoutMs,
				signal: options.signal,
				isAlive: () => throwIfDead(host, box),
			});
		}
	}

	return {box: {...box, state: 'running'}, changed, ...(token === undefined ? {} : {token})};
}

async function throwIfDead(host: Host, box: Box): Promise<void> {
	const detail = await host.engine.inspectContainer(box.id);
	if (detail?.state === 'running') {
		return;
	}

	const lines = detail ? await lastLogLines(host.engine, box.id, 15) : [];
	throw new Failure(
		detail?.oomKilled
			? `${box.name} ran out of memory while starting.`
			: `${box.name} stopped while starting, with exit code ${detail?.exitCode ?? 'unknown'}. The end of its log:`,
		{
			fix: detail?.oomKilled ? 'Give it more: --memory 32g' : 'Mend what the log names, or try another image: --image',
			details: lines,
		},
	);
}
