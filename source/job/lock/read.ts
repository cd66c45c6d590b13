/** Reads the text of a gpubox.lock. Its content goes into commands that build an image, so every value has to be of its exact form. */
import * as v from 'valibot';
import {type Document, isMap, isNode, isScalar, LineCounter, parseDocument} from 'yaml';
import {exitCode, Failure} from '../../base/failure.ts';
import {parseReference, refuseOwnLayer} from '../../image/reference.ts';
import {safeText} from '../../text/safe.ts';
import {type Lock, type LockedEnvironment, lockVersion} from './lock.ts';
import {noDigest} from './write.ts';

const form = (pattern: RegExp, wants: string) => v.pipe(v.string(wants), v.regex(pattern, wants));
const hash = form(/^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hexadecimal digits');
const word = form(/^[\w.+:,-]{1,100}$/, 'a version');
const optionalWord = v.optional(word);
const section = <T extends v.ObjectEntries>(entries: T) => v.strictObject(entries, 'a section');
const names = <K extends v.GenericSchema<string, string>, V extends v.GenericSchema>(key: K, value: V) =>
	v.record(key, value, 'a section');

const reference = v.pipe(
	v.string('an image'),
	v.check((text) => parseReference(text) !== undefined, 'an image'),
);

const environment = {
	inputs: hash,
	image: section({
		digest: form(/^(?:none \(local\)|sha256:[0-9a-f]{64})$/, `${noDigest}, or sha256: and 64 hexadecimal digits`),
		platform: form(/^[a-z0-9]+(?:\/[a-z0-9_]+){1,2}$/, 'a platform such as linux/amd64'),
		reference,
		rootfs: hash,
	}),
	layers: v.optional(section({install: v.optional(hash), packages: v.optional(hash)})),
	inside: section({
		archs: v.optional(v.array(word, 'a list')),
		cuda: optionalWord,
		cudnn: optionalWord,
		glibc: optionalWord,
		nccl: optionalWord,
		python: optionalWord,
		torch: optionalWord,
	}),
	floor: section({computeCapability: optionalWord, driver: optionalWord}),
	packages: section({
		apt: names(
			form(/^[a-z0-9][a-z0-9+.-]*$/, "a package's name"),
			form(/^[0-9A-Za-z](?:[\w.+:~-]*[\w.+:~])?$/, 'a version'),
		),
		pip: names(
			form(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "a package's name"),
			section({version: form(/^[0-9A-Za-z][\w.+!-]{0,99}$/, 'a version'), record: v.optional(hash)}),
		),
	}),
	pushed: v.optional(section({digest: hash, reference})),
};

const schema = section({version: v.string(), ...environment, previous: v.optional(section(environment))});
const environmentSection = section(environment);

const again = 'To write it again: remove it, then gpubox lock';

/**
@param shownAs the file's name for messages
@throws Failure (usage): one line with line and column
*/
export function readLock(text: string, shownAs: string): Lock {
	const fail = (line: number, column: number, message: string, fix: string = again): never => {
		throw new Failure(`${shownAs}:${line}:${column}: ${message}`, {fix, exitCode: exitCode.usage});
	};

	const conflict = text.split('\n').findIndex((line) => /^(?:<{7}|={7}|>{7}|\|{7})(?:\s|$)/.test(line));
	if (conflict >= 0) {
		fail(
			conflict + 1,
			1,
			'The lock has marks of a merge conflict.',
			'Keep the lock of one side: git checkout --ours gpubox.lock. Then: gpubox lock',
		);
	}

	const lines = new LineCounter();
	// Every scalar stays text: 1.10 is a version here.
	const document = parseDocument(text, {lineCounter: lines, prettyErrors: false, uniqueKeys: true, schema: 'failsafe'});
	const at = (offset: number) => {
		const {line, col} = lines.linePos(offset);
		return [line, col] as const;
	};
	const [error] = document.errors;
	if (error) {
		return fail(...at(error.pos[0]), `${safeText(error.message.split('\n')[0] ?? '').replace(/\.$/, '')}.`);
	}

	const value = toPlain(document);
	const version =
		typeof value === 'object' && value !== null && 'version' in value ? Number(value.version) : Number.NaN;
	if (Number.isInteger(version) && version > lockVersion) {
		return fail(
			...at(offsetOf(document, ['version'])),
			`The lock was written by a newer gpubox (version ${version} of its form; this one reads ${lockVersion}).`,
			'Update gpubox.',
		);
	}

	const parsed = v.safeParse(schema, value, {abortEarly: true});
	if (!parsed.success) {
		const [issue] = parsed.issues;
		const path = (issue.path ?? []).map(({key}) => String(key));
		return fail(...at(offsetOf(document, path)), describe(issue, path));
	}

	if (version !== lockVersion) {
		return fail(...at(offsetOf(document, ['version'])), `version must be ${lockVersion}.`);
	}

	const {previous, ...own} = parsed.output;
	return {
		...toEnvironment(own, shownAs),
		...(previous === undefined ? {} : {previous: toEnvironment(previous, shownAs)}),
	};
}

function toEnvironment(
	{inputs, image, layers = {}, inside, floor, packages, pushed}: v.InferOutput<typeof environmentSection>,
	shownAs: string,
): LockedEnvironment {
	refuseOwnLayer(image.reference, shownAs);
	const {install, packages: added} = layers;
	return {
		inputs,
		image: {...image, digest: image.digest === noDigest ? null : image.digest},
		layers: {...(install ? {install} : {}), ...(added ? {packages: added} : {})},
		inside: {
			python: inside.python ?? null,
			torch: inside.torch ?? null,
			cuda: inside.cuda ?? null,
			cudnn: inside.cudnn ?? null,
			nccl: inside.nccl ?? null,
			archs: inside.archs ?? [],
			glibc: inside.glibc ?? null,
		},
		floor: {driver: floor.driver ?? null, computeCapability: floor.computeCapability ?? null},
		packages: {
			apt: packages.apt,
			pip: Object.fromEntries(
				Object.entries(packages.pip).map(([name, {version, record = null}]) => [name, {version, record}]),
			),
		},
		...(pushed ? {pushed} : {}),
	};
}

function toPlain(document: Document): unknown {
	try {
		return document.toJS();
	} catch {
		// Aliases that multiply, or that lead nowhere.
		return undefined;
	}
}

function describe(issue: v.BaseIssue<unknown>, path: readonly string[]): string {
	const name = safeText(path.join('.')).slice(0, 80);
	if (path.length === 0) {
		return 'The lock is empty or cut short.';
	}

	if (issue.expected === 'never') {
		return `Unknown entry "${name}".`;
	}

	return issue.received === 'undefined' ? `"${name}" is missing.` : `"${name}" must be ${issue.message}.`;
}

/** Where a path of the file begins; of its nearest parent, when it has no place of its own. */
function offsetOf(document: Document, path: readonly string[]): number {
	for (let length = path.length; length > 0; length--) {
		const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
		const pair = isMap(parent)
			? parent.items.find(({key}) => isScalar(key) && String(key.value) === path[length - 1])
			: undefined;
		const node =
			isNode(pair?.value) && isScalar(pair.value)
				? pair.value
				: isNode(pair?.key)
					? pair.key
					: document.getIn(path.slice(0, length), true);
		if (isNode(node) && node.range) {
			return node.range[0];
		}
	}

	return document.contents?.range?.[0] ?? 0;
}
