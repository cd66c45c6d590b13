/** What a scanner knows against an image. Pure. */

/** From the worst on. `unknown` is what its source did not judge: neither bad nor good. */
export const severities = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const;

export type ScanSeverity = (typeof severities)[number];

/** Severities that a threshold can name. */
export const thresholds = ['critical', 'high', 'medium', 'low'] as const;

export type Threshold = (typeof thresholds)[number];

/** A known vulnerability in a package of an image. Texts are safe to print. */
export type Finding = {
	/** e.g. `CVE-2025-1234`, `GHSA-…` */
	id: string;
	severity: ScanSeverity;
	package: string;
	installed: string;
	/** The first version without it; null where there is none yet, or none is known. */
	fixed: string | null;
};

/** The words of all scanners; what none of them says is `unknown`. */
export function toSeverity(word: string | undefined): ScanSeverity {
	const lower = (word ?? '').toLowerCase();
	return severities.find((each) => each === lower) ?? 'unknown';
}

/** `unknown` where there is none. */
export function worst(found: readonly ScanSeverity[]): ScanSeverity {
	return severities.find((each) => found.includes(each)) ?? 'unknown';
}

/** One for each package and vulnerability, the worst first. Of databases that judge one differently, the worse severity counts. */
export function sortFindings<T extends Finding>(findings: readonly T[]): T[] {
	const once = new Map<string, T>();
	for (const each of findings) {
		const {severity, fixed} = once.get(keyOf(each)) ?? each;
		once.set(keyOf(each), {...each, severity: worst([severity, each.severity]), fixed: fixed ?? each.fixed});
	}

	return [...once.values()].sort(
		(a, b) =>
			severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
			compare(a.package, b.package) ||
			compare(a.id, b.id) ||
			compare(a.installed, b.installed),
	);
}

export function keyOf({id, package: name, installed}: Finding): string {
	return `${id}\0${name}\0${installed}`;
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

export function countFindings(findings: readonly Finding[]): Record<ScanSeverity, number> {
	const counts = Object.fromEntries(severities.map((each) => [each, 0])) as Record<ScanSeverity, number>;
	for (const {severity} of findings) {
		counts[severity] += 1;
	}

	return counts;
}

/** Those at the threshold or above it. What has no severity is below every threshold; it is counted apart. */
export function atLeast(findings: readonly Finding[], threshold: Threshold): Finding[] {
	const worst = severities.slice(0, severities.indexOf(threshold) + 1);
	return findings.filter(({severity}) => worst.includes(severity));
}
