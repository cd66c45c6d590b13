import {networkInterfaces} from 'node:os';
import {imageChooser} from '../app/choose-image.ts';
import {asksOf, consent, newAsks} from '../app/consent.ts';
import {toDuration} from '../app/duration-option.ts';
import {buildSettings, loadSettings} from '../app/load-settings.ts';
import {type SecretFlags, secretsOf} from '../app/read-secrets.ts';
import {openAddresses} from '../box/jupyter/open-address.ts';
import {jupyterBase, jupyterUrl, tunnelCommand} from '../box/jupyter/server.ts';
import {toDockerRun} from '../box/plan/docker-run.ts';
import {flagSettings, keyFilesOf, makeRequest, type UpFlags} from '../box/plan/request.ts';
import type {BoxRequest} from '../box/plan/types.ts';
import type {UpOptions, UpResult} from '../box/up/types.ts';
import {planUp, up} from '../box/up/up.ts';
import {openHost} from '../host/open-host.ts';
import {shortUuid} from './ls.ts';
import {showInBrowser} from './open.ts';
import {askOnTerminal} from './output/ask-consent.ts';
import {boxJson, printJson} from './output/json.ts';
import {makeReporter} from './output/up-progress.ts';

export type UpCommandOptions = UpFlags &
	SecretFlags & {
		sudo?: true | undefined;
		host?: string | undefined;
		dryRun?: true | undefined;
		json?: true | undefined;
		open?: true | undefined;
		recreate?: true | undefined;
		force?: true | undefined;
		/** Yes to all that gpubox.yaml asks for. */
		trust?: true | undefined;
		/** True for `--wait`, false for `--no-wait`. */
		wait?: boolean | undefined;
		/** How long the box is wanted. */
		for?: string | undefined;
	};

export async function upCommand(options: UpCommandOptions, signal: AbortSignal): Promise<void> {
	const host = openHost(options);
	const effective = await loadSettings(options.directory ?? '.', {flags: flagSettings(options, process.cwd())});
	const made = makeRequest(options, effective);
	const sshKeys = keyFilesOf(effective.winners, effective.settings);
	const secrets = secretsOf(options, effective.settings.secrets ?? [], {ask: Boolean(process.stdin.isTTY), signal});
	const request: BoxRequest = {
		...made,
		...(secrets.requests.length > 0 ? {secrets: secrets.requests} : {}),
		...(options.sudo ? {sudo: true} : {}),
		...(options.for === undefined ? {} : {lasts: toDuration(options.for)}),
	};
	const reporter = makeReporter(process.stderr);
	const upOptions: UpOptions = {
		report: reporter.report,
		signal,
		wait: options.wait !== false,
		queue: options.wait === true,
		recreate: options.recreate ?? false,
		explicit: effective.file !== undefined || isExplicit(options),
		settings: buildSettings(effective.settings),
		sshKeys,
		secrets: secrets.source,
		chooseImage: imageChooser(host, {
			image: request.image,
			force: options.force ?? false,
			winners: effective.winners,
		}),
	};

	const asks = asksOf(host, effective, made, sshKeys, secrets.source.given);
	try {
		if (options.dryRun) {
			const fresh = newAsks(host, made.project, asks);
			if (fresh.length > 0) {
				const keys = [...new Set(fresh.map(({key}) => key))].join(', ');
				reporter.report({kind: 'note', text: `\`gpubox up\` would first ask whether you agree to: ${keys}`});
			}

			const spec = await planUp(host, request, upOptions);
			reporter.end();
			process.stdout.write(`${toDockerRun(spec)}\n`);
			return;
		}

		await consent(host, made.project, asks, {
			trust: options.trust ?? false,
			ask: askOnTerminal(signal),
			note: (text) => reporter.report({kind: 'note', text}),
		});
		const result = await up(host, request, upOptions);
		reporter.end();
		await tell(result, options, host.person.name);
	} finally {
		reporter.end();
	}
}

/** Whether a flag says how the box should be made; a plain `up` without gpubox.yaml takes the box as it is. */
function isExplicit(flags: UpCommandOptions): boolean {
	const {jupyter, ssh, image, gpus, shareGpus, port, bind, mount, env, secret, secretEnv, sudo} = flags;
	const {memory, cpus, shmSize, pidsLimit} = flags;
	return [
		jupyter,
		ssh,
		image,
		gpus,
		shareGpus,
		port,
		bind,
		memory,
		cpus,
		shmSize,
		pidsLimit,
		mount,
		env,
		secret,
		secretEnv,
		sudo,
	].some((flag) => flag !== undefined);
}

/** `Nov 24 15:25` */
function localTime(time: Date): string {
	return `${time.toDateString().slice(4, 10)} ${time.toTimeString().slice(0, 5)}`;
}

async function tell({box, token}: UpResult, options: UpCommandOptions, user: string): Promise<void> {
	const url = jupyterUrl(box, token);
	if (options.json) {
		const json = boxJson(box);
		printJson({...json, ...(url ? {jupyter: {url: jupyterBase(box, token), token: token ?? null}} : {})});
		return;
	}

	const {ssh} = box.addresses;
	const open = openAddresses(box, networkInterfaces());
	const tunnel = tunnelCommand(box, user, options.host, process.env);
	const lines = [
		`${box.name} is ready.`,
		'',
		...(url ? [`  Jupyter   ${url}`] : []),
		...open.map((address) => `  Network   ${address} for everybody on the network`),
		...(tunnel ? [`  Tunnel    on your own machine: ${tunnel}`] : []),
		...(ssh
			? [
					`  SSH       ssh ${box.name}   (${ssh.host} port ${ssh.port}, as ${box.user}${box.rootPassword ? ', with the password' : ''})`,
				]
			: []),
		`  GPUs      ${box.gpus.length === 0 ? 'none' : box.gpus.map(shortUuid).join(', ')}`,
		...(box.until ? [`  Until     ${localTime(box.until)}, then it may be stopped for somebody else`] : []),
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
