import {type Offer, type RefreshResult, refreshProject} from '../app/images/refresh-project.ts';
import {type ExitCode, exitCode, Failure} from '../base/failure.ts';
import {openHost} from '../host/open-host.ts';
import {safeText} from '../text/safe.ts';
import {confirmOnTerminal} from './output/ask-end.ts';
import {severityMarks} from './output/format.ts';
import {printJson} from './output/json.ts';
import {makeReporter} from './output/up-progress.ts';

type Options = {
	host?: string | undefined;
	directory: string;
	back?: true | undefined;
	dryRun?: true | undefined;
	yes?: true | undefined;
	json?: true | undefined;
};

/** @returns 8 when the check of the newer image failed */
export async function refresh(options: Options, signal: AbortSignal): Promise<ExitCode> {
	const reporter = makeReporter(process.stderr);
	const confirm = confirmOnTerminal(signal);
	const tell = (offer: Pick<Offer, 'reference' | 'from' | 'to' | 'differences' | 'check'>) => {
		reporter.end();
		if (!options.json) {
			process.stdout.write(`${tellOffer(offer).join('\n')}\n`);
		}
	};
	try {
		const result = await refreshProject(openHost(options), {
			directory: options.directory,
			back: options.back ?? false,
			dryRun: options.dryRun ?? false,
			async agree(offer) {
				tell(offer);
				return options.yes ?? (await confirm?.('Lock it?')) ?? false;
			},
			report: reporter.report,
			signal,
		});
		reporter.end();
		if (result.outcome === 'check-failed' || (options.dryRun && result.check !== null)) {
			tell({...result, check: result.check ?? {status: 'skipped', detail: ''}});
		}

		if (options.json) {
			printJson(result);
		} else {
			process.stdout.write(`${tellOutcome(result, options).join('\n')}\n`);
		}

		for (const note of result.notes) {
			process.stderr.write(`${note}\n`);
		}

		return finish(result, options, confirm !== undefined);
	} finally {
		reporter.end();
	}
}

/** @throws Failure (usage) where there was no one to ask */
function finish({outcome}: RefreshResult, {yes, dryRun, back}: Options, canAsk: boolean): ExitCode {
	if (outcome === 'declined' && !dryRun && !yes && !canAsk) {
		throw new Failure('gpubox.lock was not changed: there is no terminal to ask on.', {
			fix: `To lock it: gpubox refresh ${back ? '--back ' : ''}--yes`,
			exitCode: exitCode.usage,
		});
	}

	return outcome === 'check-failed' ? exitCode.checkFailed : exitCode.done;
}

const short = (digest: string | null) => digest?.slice(0, 'sha256:'.length + 12) ?? 'none';

function tellOffer({reference, from, to, differences, check}: Offer): string[] {
	return [
		`${safeText(reference)}: ${short(from)} → ${short(to)}`,
		...differences
			.filter(({what}) => what !== 'image')
			.map(
				({what, locked, found, severity}) =>
					`${severityMarks[severity]} ${what}: ${locked ?? 'none'} → ${found ?? 'none'}`,
			),
		`Check: ${check.status} (${check.detail})`,
	];
}

function tellOutcome({outcome, reference, boxes}: RefreshResult, {dryRun}: Options): string[] {
	switch (outcome) {
		case 'up-to-date':
			return [`${safeText(reference)} is up to date: its registry has what gpubox.lock names.`];
		case 'check-failed':
			return ['The newer image failed the check. gpubox.lock stays as it was, and what was built for it is removed.'];
		case 'declined':
			return [`gpubox.lock was not changed${dryRun ? ' (--dry-run)' : ''}. The other image stays on this host.`];
		case 'swapped':
			return [
				'gpubox.lock is written. To return: gpubox refresh --back',
				...boxes.map((name) => `${name} still has the other image. To recreate it: gpubox up --recreate`),
			];
	}
}
