/**
`npm audit` for what gpubox is made of and built with. A known vulnerability of a package in the bundle fails it from the severity
"high" on; the others are listed, because they reach none who uses gpubox. Needs dist/ (npm run build) and a registry that answers.

	npm run audit
*/
import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What is done about a finding: `bundled` are those that fail the audit, `others` are told. */
export type Audit = {unanswered: string} | {bundled: string[]; others: string[]};

type Finding = {name: string; severity: string; range: string; via: unknown[]};

const failing = new Set(['high', 'critical']);

/**
Reads the answer of `npm audit --json`.

@param bundled names of the packages in the bundle
*/
export function readAudit(text: string, bundled: ReadonlySet<string>): Audit {
	const answer = parse(text);
	if (answer?.vulnerabilities === undefined) {
		const [line = ''] = (answer?.message ?? answer?.error?.summary ?? text).trim().split('\n');
		return {unanswered: line === '' ? 'npm audit printed nothing' : line};
	}

	const findings = Object.values(answer.vulnerabilities);
	const fails = ({name, severity}: Finding) => bundled.has(name) && failing.has(severity);
	return {
		bundled: findings.filter(fails).map(describe),
		others: findings.filter((finding) => !fails(finding)).map(describe),
	};
}

type Answer = {vulnerabilities?: Record<string, Finding>; message?: string; error?: {summary?: string}};

function parse(text: string): Answer | undefined {
	try {
		return (JSON.parse(text) ?? undefined) as Answer | undefined;
	} catch {
		return undefined;
	}
}

function describe({name, severity, range, via}: Finding): string {
	const titles = via.flatMap((each) =>
		typeof each === 'object' && each !== null && 'title' in each ? [String(each.title)] : [],
	);
	return `${name} ${range} (${severity})${titles.length > 0 ? `: ${titles.join('; ')}` : ''}`;
}

/** Asks the registry; a minute at most. @throws Error when there is no dist/ */
export async function audit(signal: AbortSignal): Promise<Audit> {
	const sbom = JSON.parse(readFileSync(join(root, 'dist/SBOM.cdx.json'), 'utf8')) as {
		components: Array<{group?: string; name: string}>;
	};
	const bundled = new Set(sbom.components.map(({group, name}) => (group === undefined ? name : `${group}/${name}`)));
	const text = await new Promise<string>((resolve, reject) => {
		const options = {cwd: root, signal, timeout: 60_000, maxBuffer: 2 ** 26};
		// Findings make its exit code 1.
		execFile('npm', ['audit', '--json', '--fetch-retries=0'], options, (error, stdout) =>
			error?.name === 'AbortError' ? reject(error) : resolve(stdout || (error?.message ?? '')),
		);
	});
	return readAudit(text, bundled);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
	const result = await audit(new AbortController().signal);
	if ('unanswered' in result) {
		console.log(`skipped: the registry does not answer npm audit: ${result.unanswered}`);
	} else {
		const lines = [
			...result.bundled.map((line) => `✖ in the bundle: ${line}`),
			...result.others.map((line) => `- ${line}`),
		];
		console.log(lines.length === 0 ? '✔ no known vulnerabilities' : lines.join('\n'));
		process.exitCode = result.bundled.length > 0 ? 1 : 0;
	}
}
