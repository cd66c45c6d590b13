/** The reports of the scanners, as findings. Pure; only what is needed of a report has to be of its form. */
import * as v from 'valibot';
import {safeText} from '../../text/safe.ts';
import {type Finding, sortFindings, toSeverity} from './finding.ts';

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
			v.object({name: text, normalized_severity: optionalText, severity: optionalText, fixed_in_version: optionalText}),
		),
	),
	package_vulnerabilities: v.nullish(v.record(v.string(), v.nullable(v.array(v.string())))),
});

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
	const {packages, vulnerabilities, package_vulnerabilities: affected} = parse(clairReport, report);
	return sortFindings(
		Object.entries(affected ?? {}).flatMap(([packageId, ids]) =>
			(ids ?? []).flatMap((id) => {
				const [found, where] = [vulnerabilities?.[id], packages?.[packageId]];
				return found === undefined || where === undefined
					? []
					: [
							{
								id: found.name,
								severity: toSeverity(found.normalized_severity || found.severity || undefined),
								package: where.name,
								installed: where.version ?? '',
								fixed: fixedOf(found.fixed_in_version),
							},
						];
			}),
		),
	);
}

/** Clair writes 0 where there is no fixed version, and of databases for languages a range: `fixed=70.0.0&introduced=1`. */
function fixedOf(version: string | null | undefined): string | null {
	const [, fixed] = /(?:^|&)fixed=([^&]+)/.exec(version ?? '') ?? [];
	const found = fixed ?? (version?.includes('=') ? null : version);
	return found && found !== '0' ? found : null;
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
