/** Asks for consent, once for each content, before a project gets more than an image, GPUs, limits and packages. */

import {exitCode, Failure} from '../base/failure.ts';
import {accountHome} from '../base/home.ts';
import {type Ask, digestOf, homesOf, notAgreed, tellAsks, whatItAsks} from '../box/plan/permissions.ts';
import type {BoxRequest} from '../box/plan/types.ts';
import type {KeyFile} from '../box/ssh/login-keys.ts';
import type {Host} from '../host/host.ts';
import {type Agreed, keepTrust, readTrust} from '../settings/trust.ts';
import {safeText} from '../text/safe.ts';
import {shellQuote} from '../text/shell-quote.ts';
import type {Effective} from './load-settings.ts';

/** One question: lines to look at, and what a yes allows. */
export type ConsentQuestion = {title: string; lines: string[]; question: string};

/** @returns whether the user agrees */
export type AskConsent = (question: ConsentQuestion) => Promise<boolean>;

/** More lines than that may have scrolled off the screen. */
const mostSeen = 20;

/** All that a project requests. The box is created from the same request, so what is asked about is what is used. */
export function asksOf(
	host: Host,
	{winners}: Pick<Effective, 'winners'>,
	request: Pick<BoxRequest, 'project' | 'mounts'>,
	sshKeys: ReadonlyArray<string | KeyFile> | undefined,
	givenSecrets: readonly string[] = [],
): Ask[] {
	return whatItAsks({
		project: request.project,
		winners,
		mounts: request.mounts,
		keyFiles: (sshKeys ?? []).flatMap((file) => (typeof file === 'string' ? [] : [file])),
		givenSecrets,
		homes: homesOf([process.env.HOME, accountHome()]),
		address: host.engine.address,
	});
}

/** Those that the user has not agreed to yet. */
export function newAsks(host: Pick<Host, 'paths'>, project: string, asks: readonly Ask[]): Ask[] {
	return asks.length === 0
		? []
		: notAgreed(
				asks,
				readTrust(host.paths.state, project).map(({digest}) => digest),
			);
}

/** The questions for some of them: one for all that the file requests, and one for each that needs a question of its own. */
export function questionsOf(project: string, asks: readonly Ask[], isFirst: boolean): ConsentQuestion[] {
	const together = asks.filter(({alone}) => !alone);
	const lines = tellAsks(together);
	const many = lines.length;
	return [
		...(together.length === 0
			? []
			: [
					{
						title: `The gpubox.yaml of ${safeText(project)} ${isFirst ? 'requests' : 'now also requests'}:`,
						lines,
						question: many > mostSeen ? `Do you trust it with these ${many} lines?` : 'Do you trust it with this?',
					},
				]),
		...asks
			.filter(({alone}) => alone)
			.map((ask) => ({
				title: ask.key === 'project' ? 'The project is this folder:' : 'The box will get:',
				lines: tellAsks([ask]),
				question: 'Are you sure?',
			})),
	];
}

/**
Makes sure that the user agrees to all of them: earlier, now, or by --trust on the command line. The answer is saved.

@param options.trust for scripts: yes to exactly this
@param options.ask missing without a terminal
@throws Failure: usage, without a terminal; failed, for a no
*/
export async function consent(
	host: Pick<Host, 'paths'>,
	project: string,
	asks: readonly Ask[],
	{trust, ask, note}: {trust: boolean; ask: AskConsent | undefined; note: (text: string) => void},
): Promise<void> {
	const fresh = newAsks(host, project, asks);
	if (fresh.length === 0) {
		return;
	}

	if (!trust) {
		if (ask === undefined) {
			throw nobodyToAsk(project, fresh);
		}

		for (const question of questionsOf(project, fresh, fresh.length === asks.length)) {
			if (!(await ask(question))) {
				throw new Failure('Cancelled: nothing was changed.', {
					fix: `To see what it requests: gpubox trust --json ${shellQuote(safeText(project))}`,
					exitCode: exitCode.failed,
				});
			}
		}
	}

	try {
		await keepAnswer(host, project, asks);
	} catch (error) {
		if (!(error instanceof Failure)) {
			throw error;
		}

		note(`${error.message} gpubox will ask again the next time.`);
	}
}

/** Saves a yes to all of them. @throws Failure */
export async function keepAnswer({paths}: Pick<Host, 'paths'>, project: string, asks: readonly Ask[]): Promise<void> {
	await keepTrust(paths.state, project, asks.map(toAgreed));
}

function toAgreed(ask: Ask): Agreed {
	return {key: ask.key, text: ask.lines.join('\n'), digest: digestOf(ask)};
}

function nobodyToAsk(project: string, asks: readonly Ask[]): Failure {
	const alone = asks.every((ask) => ask.alone);
	return new Failure(
		alone
			? 'This needs your confirmation, and this is not a terminal.'
			: 'gpubox.yaml requests more than an image, GPUs and packages, and this is not a terminal.',
		{
			details: tellAsks(asks),
			fix: `If you trust it: gpubox trust ${shellQuote(safeText(project))}, or --trust`,
			exitCode: exitCode.usage,
		},
	);
}
