import {asksOf, consent, newAsks} from '../app/consent.ts';
import {loadSettings} from '../app/load-settings.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {digestOf, tellAsks} from '../box/plan/permissions.ts';
import {keyFilesOf, makeRequest} from '../box/plan/request.ts';
import {openHost} from '../host/open-host.ts';
import {forgetTrust, readTrust} from '../settings/trust.ts';
import {safeText} from '../text/safe.ts';
import {shellQuote} from '../text/shell-quote.ts';
import {askOnTerminal} from './output/ask-consent.ts';
import {printJson} from './output/json.ts';

export type TrustOptions = {
	host?: string | undefined;
	directory: string;
	yes?: true | undefined;
	json?: true | undefined;
	forget?: true | undefined;
};

/** `gpubox trust`: shows what a project requests, and saves the answer for exactly that. */
export async function trust(
	{directory, yes, json, forget, ...options}: TrustOptions,
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	const effective = await loadSettings(directory);
	const {project, file} = effective;
	const name = safeText(project);
	if (forget) {
		const there = await forgetTrust(host.paths.state, project);
		process.stdout.write(there ? `${name} is no longer trusted.\n` : `${name} was not trusted.\n`);
		return;
	}

	const asks = asksOf(host, effective, makeRequest({}, effective), keyFilesOf(effective.winners, effective.settings));
	if (json) {
		const agreed = readTrust(host.paths.state, project).map(({digest}) => digest);
		printJson({
			project,
			file: file ?? null,
			asks: asks.map((ask) => ({
				key: ask.key,
				text: ask.lines.join('\n'),
				why: ask.why,
				agreed: agreed.includes(digestOf(ask)),
			})),
		});
		return;
	}

	if (asks.length === 0) {
		process.stdout.write(
			file === undefined
				? `${name} has no gpubox.yaml, so it requests nothing.\n`
				: `${safeText(file)} requests nothing beyond an image, GPUs, limits and packages.\n`,
		);
		return;
	}

	const fresh = newAsks(host, project, asks);
	if (fresh.length === 0) {
		const lines = tellAsks(asks).map((line) => `  ${line}`);
		process.stdout.write(
			`You trust ${name} with this:\n\n${lines.join('\n')}\n\nTo revoke it: gpubox trust --forget\n`,
		);
		return;
	}

	const ask = yes ? undefined : askOnTerminal(signal);
	if (!yes && ask === undefined) {
		throw new Failure(`${name} requests what you have not agreed to yet, and this is not a terminal.`, {
			details: tellAsks(fresh),
			fix: `If you trust it: gpubox trust --yes ${shellQuote(name)}`,
			exitCode: exitCode.usage,
		});
	}

	if (yes) {
		process.stdout.write(`${tellAsks(fresh).join('\n')}\n`);
	}

	// Here an answer that cannot be saved is an error.
	await consent(host, project, asks, {
		trust: yes ?? false,
		ask,
		note: (text) => {
			throw new Failure(text, {fix: 'Check the folder and its permissions.'});
		},
	});
	process.stdout.write(`Saved for ${name}, for exactly these settings. gpubox asks again when they change.\n`);
}
