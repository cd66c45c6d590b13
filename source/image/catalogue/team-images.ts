/** A team's own entries, from `images` in gpubox.yaml or the personal config. Loads valibot: import it only when there are any. */
import * as v from 'valibot';
import {exitCode, Failure} from '../../base/failure.ts';
import {leadingVersion, parseVersion} from '../../text/compare-versions.ts';
import {safeText} from '../../text/safe.ts';
import type {ImageFacts} from '../image.ts';
import {normalReference} from '../reference.ts';
import {servicesOf, serviceWords} from '../service-words.ts';
import {unknownImage} from './catalogue.ts';

// YAML reads 12.8 as a number, and 13.0 as 13.
const minorVersion = v.pipe(
	v.union([
		v.string(),
		v.pipe(
			v.number(),
			v.transform((number) => number.toFixed(1)),
		),
	]),
	v.check((text) => (parseVersion(text)?.length ?? 0) >= 2, 'a version such as 12.8'),
);
const driverVersion = v.pipe(
	v.union([v.string(), v.pipe(v.number(), v.transform(String))]),
	v.check((text) => parseVersion(text) !== undefined, 'a driver version such as 535.104.05'),
);
const word = v.pipe(v.string(), v.regex(/^[\w .+-]{1,60}$/, 'a short plain name'));

const entrySchema = v.strictObject({
	reference: v.pipe(
		v.string(),
		v.check(
			(text) => normalReference(text) !== undefined,
			'an image reference such as registry.example/team/image:tag',
		),
	),
	framework: v.optional(word),
	version: v.optional(
		v.pipe(
			v.union([v.string(), v.pipe(v.number(), v.transform(String))]),
			v.check((text) => leadingVersion(text) !== undefined, 'a version such as 2.8.0'),
		),
	),
	cuda: v.optional(minorVersion),
	cpuOnly: v.optional(v.boolean()),
	computeCapabilities: v.optional(v.pipe(v.array(minorVersion), v.minLength(1, 'at least one compute capability'))),
	ptx: v.optional(v.array(minorVersion)),
	minComputeCapability: v.optional(minorVersion),
	minDriver: v.optional(driverVersion),
	platforms: v.optional(
		v.array(v.pipe(v.string(), v.regex(/^linux\/[a-z0-9]+(?:\/[a-z0-9]+)?$/, 'a platform such as linux/amd64'))),
		['linux/amd64'],
	),
	provides: v.optional(v.array(v.picklist(Object.values(serviceWords), 'jupyter or sshd'))),
	kind: v.optional(v.picklist(['runtime', 'devel', 'server'], 'runtime, devel or server')),
	setsNvidiaRequireCuda: v.optional(v.boolean()),
	requireCuda: v.optional(v.pipe(v.string(), v.maxLength(20_000, 'at most 20,000 characters'))),
	hasCompatLibs: v.optional(v.boolean()),
	downloadBytes: v.optional(v.pipe(v.number(), v.integer('whole bytes'), v.minValue(0, 'not below 0'))),
	released: v.optional(
		v.pipe(
			v.string(),
			v.regex(/^\d{4}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?$/, 'a date such as 2026-11 or 2026-11-23'),
		),
	),
	moving: v.optional(v.boolean()),
});

const schema = v.array(entrySchema, 'a list of images');

/** The deepest issue is the most specific: for a union that is the failed check, not "string or number". */
function explain(issue: v.BaseIssue<unknown>): string {
	const path = (issue.path ?? []).map(({key}) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
	const where = safeText(`images${path}`).slice(0, 120);
	const got = safeText(issue.received).slice(0, 80);
	if (issue.type === 'strict_object' && issue.expected === 'never') {
		return `${where} is not a field of an image`;
	}

	if (issue.type === 'strict_object' && issue.received === 'undefined') {
		return `${where} is missing`;
	}

	const wanted =
		issue.type === 'check' ||
		issue.type === 'array' ||
		issue.type === 'regex' ||
		issue.kind === 'validation' ||
		issue.type === 'picklist'
			? issue.message
			: issue.expected?.replaceAll('"', '') === 'Object'
				? 'an image with a reference'
				: (issue.expected ?? 'something else');
	return `${where} must be ${wanted}, not ${got}`;
}

/**
Checks a team's entries and fills in missing fields. `origin` names the file for messages.
Throws Failure (usage) with one line that names the first wrong field.
*/
export function readTeamImages(value: unknown, origin: string): ImageFacts[] {
	const result = v.safeParse(schema, value, {abortEarly: true});
	if (!result.success) {
		throw new Failure(`${safeText(origin)}: ${explain(result.issues[0])}.`, {
			exitCode: exitCode.usage,
			fix: 'The fields of an entry are described in docs/images.md.',
		});
	}

	return result.output.map((entry) => {
		const given = Object.fromEntries(Object.entries(entry).filter(([, field]) => field !== undefined));
		const facts: ImageFacts = {
			...unknownImage(entry.reference),
			...given,
			provides: servicesOf(entry.provides ?? []),
			family: 'team',
			status: 'team',
		};
		facts.setsNvidiaRequireCuda ||= facts.requireCuda !== null;
		return facts;
	});
}
