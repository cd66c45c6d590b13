/** The reports of the scanners, as findings. Pure; only what is needed of a report has to be of its form. */
import * as v from 'valibot';
import {safeText} from '../../text/safe.ts';
import {type Finding, type ScanSeverity, sortFindings, toSeverity, worst} from './finding.ts';

const text = v.pipe(v.string(), v.transform(safeText));
const optionalText = v.optional(v.nullable(text));

/** `trivy image --format json`: https://trivy.dev/latest/docs/configuration/reporting/#json */
const trivyReport = v.object({
	SchemaVersion: v.number(),
	Results: v.nullish(
		v.array(
			v.object({
				Vulnerabilities: v.nullish(
					v.array(
						v.object({
							VulnerabilityID: text,
							PkgName: text,
							InstalledVersion: optionalText,
							FixedVersion: optionalText,
							Severity: optionalText,
						}),
					),
				),
			}),
		),
	),
});

/** `grype -o json`: grype/presenter/models in anchore/grype. */
const grypeReport = v.object({
	matches: v.array(
		v.object({
			vulnerability: v.object({
				id: text,
				severity: optionalText,
				fix: v.nullish(v.object({versions: v.nullish(v.array(text))})),
			}),
			artifact: v.object({name: text, version: optionalText}),
		}),
	),
});

/** `clairctl report --out json`: VulnerabilityReport in quay/claircore. */
const clairReport = v.object({
	manifest_hash: v.string(),
	packages: v.nullish(v.record(v.string(), v.object({name: text, version: optionalText}))),
	vulnerabilities: v.nullish(
		v.record(
			v.string(),
			v.object({
				name: text,
				links: optionalText,
				normalized_severity: optionalText,
				severity: optionalText,
				fixed_in_version: optionalText,
			}),
		),
	),
	package_vulnerabilities: v.nullish(v.record(v.string(), v.nullable(v.array(v.string())))),
	/** By what they are about; with the type that has `clair.cvss` in it, the scores of each vulnerability. */
	enrichments: v.nullish(v.record(v.string(), v.nullable(v.array(v.unknown())))),
});

/** Of the CVSS enricher in quay/claircore: the scores of the National Vulnerability Database by number of the vulnerability. */
const clairScores = v.array(v.record(v.string(), v.array(v.object({baseSeverity: optionalText}))));

export function readTrivy(report: string): Finding[] {
	const {Results} = parse(trivyReport, report);
	return sortFindings(
		(Results ?? []).flatMap(({Vulnerabilities}) =>
			(Vulnerabilities ?? []).map((each) => ({
				id: each.VulnerabilityID,
				severity: toSeverity(each.Severity ?? undefined),
				package: each.PkgName,
				installed: each.InstalledVersion ?? '',
				fixed: each.FixedVersion || null,
			})),
		),
	);
}

export function readGrype(report: string): Finding[] {
	return sortFindings(
		parse(grypeReport, report).matches.map(({vulnerability: {id, severity, fix}, artifact}) => ({
			id,
			severity: toSeverity(severity ?? undefined),
			package: artifact.name,
			installed: artifact.version ?? '',
			fixed: fix?.versions?.join(', ') || null,
		})),
	);
}

export function readClair(report: string): Finding[] {
	const {packages, vulnerabilities, package_vulnerabilities: affected, enrichments} = parse(clairReport, report);
	const scores = readScores(enrichments ?? {});
	return sortFindings(
		Object.entries(affected ?? {}).flatMap(([packageId, ids]) =>
			(ids ?? []).flatMap((id) => {
				const [found, where] = [vulnerabilities?.[id], packages?.[packageId]];
				return found === undefined || where === undefined
					? []
					: [
							{
								id: clairId(found.name, found.links ?? ''),
								severity: clairSeverity(found, scores.get(id)),
								package: where.name,
								installed: where.version ?? '',
								fixed: fixedOf(found.fixed_in_version),
							},
						];
			}),
		),
	);
}

/**
Clair's name of a vulnerability begins with its number, ends with it, or is its title alone: `RHSA-2022:0951: expat security
update (Important)`, `pyup.io-42559 (CVE-2021-3572)`, `gmp: Integer overflow (moderate)`. Then its links have the number.
*/
function clairId(name: string, links: string): string {
	const [first] = /^[A-Z][A-Za-z]*-[\w.:-]*\d[\w.-]*/.exec(name) ?? [];
	const cves = (among: string) => [...new Set(among.match(/\bCVE-\d{4}-\d+/g))];
	const [only, ...others] = cves(name).length > 0 ? cves(name) : cves(links);
	return first ?? (only !== undefined && others.length === 0 ? only : name);
}

/** Debian's and several other databases do not judge; then the score of the National Vulnerability Database counts. */
function clairSeverity(
	found: {normalized_severity?: string | null | undefined; severity?: string | null | undefined},
	scores: readonly ScanSeverity[] = [],
): ScanSeverity {
	return toSeverity(
		[found.normalized_severity, found.severity].find((word) => toSeverity(word ?? '') !== 'unknown') ?? worst(scores),
	);
}

function readScores(enrichments: Record<string, unknown>): Map<string, ScanSeverity[]> {
	const all = Object.entries(enrichments).find(([type]) => type.includes('clair.cvss'))?.[1];
	const parsed = v.safeParse(clairScores, all);
	return new Map(
		(parsed.success ? parsed.output : [])
			.flatMap((each) => Object.entries(each))
			.map(([id, scores]) => [id, scores.map(({baseSeverity}) => toSeverity(baseSeverity ?? undefined))]),
	);
}

/** Clair writes 0 or 0:0 where there is no fixed version, and of databases for languages a range: `fixed=70.0.0&introduced=1`. */
function fixedOf(version: string | null | undefined): string | null {
	const [, fixed] = /(?:^|&)fixed=([^&]+)/.exec(version ?? '') ?? [];
	const found = fixed ?? (version?.includes('=') ? null : version);
	return found && found !== '0' && found !== '0:0' ? found : null;
}

/** @throws Error that says what is not as it should be */
function parse<T>(schema: v.GenericSchema<unknown, T>, report: string): T {
	let value: unknown;
	try {
		value = JSON.parse(report);
	} catch {
		throw new Error('its report is not JSON');
	}

	const parsed = v.safeParse(schema, value, {abortEarly: true});
	if (!parsed.success) {
		const [issue] = parsed.issues;
		throw new Error(`its report has an unknown form (${safeText(v.getDotPath(issue) ?? 'at the top')})`);
	}

	return parsed.output;
}
