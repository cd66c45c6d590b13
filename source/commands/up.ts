import {existsSync} from 'node:fs';
import {networkInterfaces} from 'node:os';
import {agreeToEnd} from '../app/boxes/end-boxes.ts';
import {showInBrowser} from '../app/boxes/open-box.ts';
import {planProject, upProject} from '../app/up.ts';
import {exitCode, Failure} from '../base/failure.ts';
import type {Box} from '../box/box.ts';
import {openAddresses} from '../box/jupyter/open-address.ts';
import {jupyterBase, jupyterUrl, tunnelCommand} from '../box/jupyter/server.ts';
import {toDockerRun} from '../box/plan/docker-run.ts';
import type {UpFlags} from '../box/plan/request.ts';
import type {UpResult} from '../box/up/types.ts';
import type {Engine} from '../engine/engine.ts';
import {readIndexes} from '../gpu/cards/indexes.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {isSurelyImage} from '../image/reference.ts';
import {safeText} from '../text/safe.ts';
import {askOnTerminal, inputIsTerminal} from './output/ask-consent.ts';
import {confirmOnTerminal} from './output/ask-end.ts';
import {gpuNames} from './output/format.ts';
import {boxJson, printJson} from './output/json.ts';
import {makeReporter} from './output/up-progress.ts';

export type UpCommandOptions = UpFlags & {
	host?: string | undefined;
	dryRun?: true | undefined;
	json?: true | undefined;
	open?: true | undefined;
	yes?: true | undefined;
	sync?: true | undefined;
};

/**
@param words of the call, for gpubox on the host that has the engine
@param engine of the host, asked already
@returns the exit code there
*/
export async function upCommand(
	options: UpCommandOptions,
	words: () => readonly string[],
	signal: AbortSignal,
	engine?: Engine,
): Promise<number | undefined> {
	refuseImage(options.directory);
	const host = openHost({host: options.host, engine});
	if (!host.engine.local) {
		const {startThere} = await import('./on-host.ts');
		return startThere(host, options, words(), signal);
	}

	const reporter = makeReporter(process.stderr);
	const front = {
		report: reporter.report,
		signal,
		ask: askOnTerminal(signal),
		agreeToEnd: (box: Box) =>
			agreeToEnd(
				host,
				[box],
				'recreate',
				{
					yes: options.yes,
					confirm: confirmOnTerminal(signal),
					command: (flags) => ['gpubox up --recreate', ...flags, '… (the same options)'].join(' '),
				},
				signal,
			),
		asksSecrets: inputIsTerminal(),
	};
	try {
		if (options.dryRun) {
			const spec = await planProject(host, options, front);
			reporter.end();
			process.stdout.write(`${toDockerRun(spec)}\n`);
			return undefined;
		}

		const result = await upProject(host, options, front);
		reporter.end();
		await tell(result, options, host, signal);
		return undefined;
	} finally {
		reporter.end();
	}
}

/** @throws Failure (usage) for an image where docker has it */
function refuseImage(directory = '.'): void {
	if (isSurelyImage(directory) && !existsSync(directory)) {
		throw new Failure(`${safeText(directory)} looks like an image, and gpubox up takes the folder of the project.`, {
			fix: `Name the image in an option: gpubox up --image ${safeText(directory)}`,
			exitCode: exitCode.usage,
		});
	}
}

/** `Nov 24 15:25` */
function localTime(time: Date): string {
	return `${time.toDateString().slice(4, 10)} ${time.toTimeString().slice(0, 5)}`;
}

async function tell(
	{box, token, created, differs}: UpResult,
	options: UpCommandOptions,
	{person, nvidiaSmi}: Host,
	signal: AbortSignal,
): Promise<void> {
	const url = jupyterUrl(box, token);
	if (options.json) {
		const json = boxJson(box);
		printJson({
			...json,
			created,
			differs,
			...(url ? {jupyter: {url: jupyterBase(box, token), token: token ?? null}} : {}),
		});
		return;
	}

	const indexes = box.gpus.length > 0 ? await readIndexes(nvidiaSmi, {signal}) : new Map<string, number>();
	const {ssh} = box.addresses;
	const open = openAddresses(box, networkInterfaces());
	const tunnel = tunnelCommand(box, person.name, options.host, process.env);
	const lines = [
		`${box.name} ${options.wait === false ? 'runs; its services may not answer yet.' : 'is ready.'}`,
		'',
		...(url ? [`  Jupyter   ${url}`] : []),
		...open.map((address) => `  Network   ${address} (everyone on the network)`),
		...(tunnel ? [`  Tunnel    on your own machine: ${tunnel}`] : []),
		...(ssh
			? [
					`  SSH       ssh ${box.name}   (${ssh.host} port ${ssh.port}, as ${box.user}${box.rootPassword ? ', with the password' : ''})`,
				]
			: []),
		`  GPUs      ${box.gpus.length === 0 ? 'none' : gpuNames(box.gpus, indexes)}`,
		...(box.until ? [`  Until     ${localTime(box.until)}, then others may stop it`] : []),
		`  Image     ${box.image}`,
		`  Folder    ${box.project} is /workspace inside`,
		...(box.secrets.length > 0 ? [`  Secrets   ${box.secrets.map((name) => `/run/secrets/${name}`).join(', ')}`] : []),
		'',
		`  Shell     gpubox attach ${box.name}`,
		`  Log       gpubox logs -f ${box.name}`,
		`  Stop      gpubox stop ${box.name}`,
	];
	process.stdout.write(`${lines.join('\n')}\n`);
	if (options.open && url) {
		await showInBrowser(url);
	}
}
