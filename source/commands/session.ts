import {setTimeout as sleep} from 'node:timers/promises';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {runVerb} from '../run-verb.ts';
import {startGpuFeed} from '../session/gpu-feed.ts';
import type {RunOptions} from '../session/index.tsx';
import {templatePath} from '../templates.ts';

/** `gpubox` without a verb: the session on a terminal, a plain report elsewhere. */
export async function openSession(hostName: string | undefined): Promise<void> {
	if (!process.stdin.isTTY || !process.stdout.isTTY) {
		await runVerb(async (signal) => {
			const {report} = await import('./report.ts');
			await report(openHost({host: hostName}), signal);
			return undefined;
		});
		return;
	}

	let host: Host;
	try {
		host = openHost({host: hostName});
	} catch (error) {
		await runVerb(() => Promise.reject(error));
		return;
	}

	// nvidia-smi starts while Ink is still being loaded.
	const feed = startGpuFeed(host.nvidiaSmi);
	const {runSession} = await import('../session/index.tsx');
	// Drawing takes longer than this wait: with the GPUs on the first picture there need not be a second one at once.
	await Promise.race([feed.firstNews, sleep(100)]);
	const code = await runSession(host, {...optionsFor(host), feed, demo: makeDemo});
	leave(code);
}

/** `gpubox demo` */
export async function openDemo(): Promise<void> {
	const {host, options} = await makeDemo();
	if (!process.stdin.isTTY || !process.stdout.isTTY) {
		await runVerb(async (signal) => {
			const {report} = await import('./report.ts');
			await report(host, signal);
			return undefined;
		});
		await host[Symbol.asyncDispose]();
		return;
	}

	const {runSession} = await import('../session/index.tsx');
	const code = await runSession(host, options);
	await host[Symbol.asyncDispose]();
	leave(code);
}

async function makeDemo() {
	const {makeDemoHost} = await import('../demo/host.ts');
	const host = await makeDemoHost(templatePath('scenarios/workstation-8x-h100.json'));
	return {host, options: {...optionsFor(host), readHost: host.readHost}};
}

/** What the session can do beyond looking. */
function optionsFor(host: Host): Omit<RunOptions, 'feed' | 'demo'> {
	return {
		folder: process.cwd(),
		async up(wish) {
			const {upHere} = await import('./up-here.ts');
			return upHere(host, wish);
		},
		async pull(reference, wish) {
			const {pullHere} = await import('./images-here.ts');
			await pullHere(host, reference, wish);
		},
		async loadImages(signal) {
			const {imagesHere} = await import('./images-here.ts');
			return imagesHere(host, signal);
		},
	};
}

/** A stream or a socket that a broken engine left open must not keep the shell waiting. */
function leave(code: number): never {
	process.exit(code);
}
