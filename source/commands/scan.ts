import {findImages, type OriginatedFinding, type ScanResult, scanImages, writeSbom} from '../app/images/scan-images.ts';
import {type ExitCode, exitCode} from '../base/failure.ts';
import {openHost} from '../host/open-host.ts';
import {atLeast, countFindings, type ScanSeverity, severities, type Threshold} from '../image/scan/finding.ts';
import type {ScannerName} from '../image/scan/scanner-names.ts';
import {formatDuration} from '../text/duration.ts';
import {safeText} from '../text/safe.ts';
import {printJson} from './output/json.ts';
import {makeLiveLines} from './output/live-lines.ts';
import {tableFor} from './output/table.ts';

type Options = {
	host?: string | undefined;
	scanner?: ScannerName | undefined;
	failOn?: Threshold | undefined;
	sbom?: string | undefined;
	fresh?: true | undefined;
	all?: true | undefined;
	wide?: true | undefined;
	json?: true | undefined;
};

/** @returns 8 when something is found at the threshold or above it */
export async function scan(given: string | undefined, options: Options, signal: AbortSignal): Promise<ExitCode> {
	const host = openHost(options);
	const pair = await findImages(host, given, signal);
	if (options.sbom !== undefined) {
		const {packages, gaps} = await writeSbom(host, pair, options.sbom, signal);
		process.stderr.write(
			`Wrote ${safeText(options.sbom)}: ${packages} packages that gpubox put on ${pair.base?.name}.\n`,
		);
		for (const gap of gaps) {
			process.stderr.write(`It does not have ${gap}.\n`);
		}

		// Alone it needs no scanner.
		if (
			options.failOn === undefined &&
			options.scanner === undefined &&
			!options.json &&
			!options.fresh &&
			!options.all
		) {
			return exitCode.done;
		}
	}

	const live = makeLiveLines(process.stderr);
	const result = await scanImages(host, pair, {
		scanner: options.scanner,
		fresh: options.fresh ?? false,
		onScan: (scanner, name) => live.say(`Scanning ${name} with ${scanner}; the first time takes minutes.`),
		signal,
	});
	const above = options.failOn === undefined ? [] : atLeast(result.findings, options.failOn);
	if (options.json) {
		const {scannedAt, ...rest} = result;
		printJson({
			...rest,
			scannedAt: scannedAt.toISOString(),
			counts: countFindings(result.findings),
			failed: above.length > 0,
		});
	} else {
		process.stdout.write(await format(result, options));
	}

	for (const gap of result.gaps) {
		process.stderr.write(`${gap}\n`);
	}

	if (above.length > 0) {
		process.stderr.write(`${above.length} of them are ${options.failOn} or worse (--fail-on).\n`);
	}

	return above.length > 0 ? exitCode.checkFailed : exitCode.done;
}

const heads = ['severity', 'vulnerability', 'package', 'installed', 'fixed in', 'from'];

/** Those that are rarely acted on fill screens. */
const usual: readonly ScanSeverity[] = ['critical', 'high', 'medium', 'unknown'];

async function format({findings, scanner, scannedAt, name, base}: ScanResult, options: Options): Promise<string> {
	const shown = options.all ? findings : findings.filter(({severity}) => usual.includes(severity));
	const rest = findings.length - shown.length;
	const age = Date.now() - scannedAt.getTime();
	const what = base === null ? name : `${name} on ${base.name}`;
	const when = age < 60_000 ? 'now' : `${formatDuration(age)} ago`;
	return [
		...(shown.length === 0
			? []
			: [
					await tableFor(heads, shown.map(rowOf), {
						wide: options.wide,
						optional: ['from'],
						whole: 'gpubox scan --wide',
					}),
					'',
				]),
		`${what}, by ${scanner}, ${when}: ${tellCounts(findings)}.`,
		...(rest > 0 ? [`${rest} that are low or negligible are not shown: --all`] : []),
		'',
	].join('\n');
}

function rowOf({severity, id, package: name, installed, fixed, from}: OriginatedFinding): string[] {
	return [severity, id, name, installed, fixed ?? '-', from];
}

function tellCounts(findings: readonly OriginatedFinding[]): string {
	const counts = countFindings(findings);
	const some = severities.filter((each) => counts[each] > 0).map((each) => `${counts[each]} ${each}`);
	return some.length === 0 ? 'nothing known' : some.join(', ');
}
