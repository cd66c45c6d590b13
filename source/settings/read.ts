/** Reads the text of gpubox.yaml or of the personal config (JSON is YAML, too), with the position of everything. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import * as v from 'valibot';
import {
	type Document,
	isMap,
	isNode,
	isScalar,
	LineCounter,
	type Node,
	parseDocument,
	visit,
	type YAMLParseError,
} from 'yaml';
import {safeText} from '../text/safe.ts';
import {allSettings} from './describe.ts';
import {fromElsewhere} from './elsewhere.ts';
import {type FilePlace, findFaults, isRecord, type Path, plainly, withoutEmpty} from './faults.ts';
import type {Origin, Sourced} from './merge.ts';
import {schema} from './schema.ts';

/** A mistake in a file. Lines and columns count from 1. */
export type Mistake = {line: number; column: number; message: string; hint: string};

export type ReadResult = {settings: Sourced[]; mistakes: Mistake[]};

/** What is being read. `shownAs` is its name for messages. */
export type Source = {place: FilePlace; shownAs: string; base: string};

/** Never throws: everything wrong with the text is in `mistakes`, in the order of the file. */
export function readSettings(text: string, source: Source): ReadResult {
	const lines = new LineCounter();
	const document = parseDocument(text, {lineCounter: lines, prettyErrors: true, uniqueKeys: true});
	if (document.errors.length > 0) {
		return {settings: [], mistakes: document.errors.map((error) => ({...at(lines, error.pos[0]), ...tell(error)}))};
	}

	const complex = complexKeys(document);
	if (complex.length > 0) {
		const message = 'A name here must be plain text.';
		return {settings: [], mistakes: complex.map((offset) => ({...at(lines, offset), message, hint: ''}))};
	}

	keepNumbersAsWritten(document);
	if (source.place === 'personal') {
		moveFormerKeys(document);
	}

	const found = plainValue(document);
	if ('mistake' in found) {
		return {settings: [], mistakes: [{...at(lines, 0), message: found.mistake, hint: ''}]};
	}

	const value = found.value ?? {};
	if (!isRecord(value)) {
		const message = `${source.shownAs} must contain settings such as "gpus: 2", not ${plainly(value)}.`;
		return {settings: [], mistakes: [{line: 1, column: 1, message, hint: ''}]};
	}

	const kept = fromElsewhere(withoutEmpty(schema, value));
	const mistakes = findFaults(kept, source.place, (name) => existsSync(join(source.base, name)))
		.map(({path, at: end, message, hint}) => ({...positionOf(document, lines, path, end), message, hint}))
		.sort((a, b) => a.line - b.line || a.column - b.column);
	if (mistakes.length > 0) {
		return {settings: [], mistakes};
	}

	const origin = (path: Path): Origin => ({
		place: source.place,
		where: `${source.shownAs}:${positionOf(document, lines, path, 'key').line}`,
		base: source.base,
	});
	return {settings: flatten(v.parse(schema, kept), origin), mistakes: []};
}

/** The library's message continues with "at line 3, column 1:" and an excerpt. */
function tell({code, message}: YAMLParseError): {message: string; hint: string} {
	return code === 'DUPLICATE_KEY'
		? {message: 'This is set twice.', hint: 'Remove one of the two.'}
		: {message: `${safeText(message.split(/ at line \d/)[0] ?? '')}.`, hint: ''};
}

/** The personal config once had these at its top. */
export const formerKeys: Record<string, string> = {
	memory: 'limits.memory',
	cpus: 'limits.cpus',
	shmSize: 'limits.shmSize',
};

function moveFormerKeys(document: Document): void {
	for (const [former, key] of Object.entries(formerKeys)) {
		const node = isMap(document.contents) ? document.get(former, true) : undefined;
		if (node === undefined) {
			continue;
		}

		document.delete(former);
		const [section = '', name] = key.split('.');
		const there = document.get(section, true);
		if (there === undefined || (isScalar(there) && there.value === null)) {
			document.delete(section);
			document.setIn([section, name], node);
		} else if (isMap(there) && !there.has(name)) {
			there.set(name, node);
		}
	}
}

/** Names that are lists or sections (`? [a, b]`): YAML has them, settings do not, and Node warns of each. */
function complexKeys(document: Document): number[] {
	const offsets: number[] = [];
	visit(document, {
		Pair(_key, {key}) {
			if (isNode(key) && !isScalar(key)) {
				offsets.push(key.range?.[0] ?? 0);
			}
		},
	});
	return offsets;
}

/** `1.10` is a version more often than a number: what loses something as a number stays text. */
function keepNumbersAsWritten(document: Document): void {
	visit(document, {
		Scalar(_key, node) {
			const {source, value} = node;
			if (typeof value === 'number' && source && /^[\d.]+$/.test(source) && String(value) !== source) {
				node.value = source;
			}
		},
	});
}

function plainValue(document: Document): {value: unknown} | {mistake: string} {
	try {
		return {value: document.toJS()};
	} catch (error) {
		// Aliases that multiply, or that lead nowhere.
		return {mistake: `${safeText((error as Error).message)}.`};
	}
}

function flatten(settings: Record<string, unknown>, origin: (path: Path) => Origin): Sourced[] {
	return allSettings().flatMap(({key, kind}): Sourced[] => {
		const path = key.split('.');
		const value = path.reduce<unknown>((inner, name) => (isRecord(inner) ? inner[name] : undefined), settings);
		if (value === undefined || key === '$schema') {
			return [];
		}

		if (kind === 'list' && Array.isArray(value) && key !== 'services') {
			return value.map((item, index) => ({key, value: item, item: true, origin: origin([...path, index])}));
		}

		return kind === 'map' && isRecord(value)
			? Object.entries(value).map(([name, item]) => ({
					key: `${key}.${name}`,
					value: item,
					origin: origin([...path, name]),
				}))
			: [{key, value, origin: origin(path)}];
	});
}

/** The position of a path's name or value. A value without a position has that of its parent. */
function positionOf(
	document: Document,
	lines: LineCounter,
	path: Path,
	end: 'key' | 'value',
): {line: number; column: number} {
	for (let length = path.length; length > 0; length--) {
		const value = document.getIn(path.slice(0, length), true);
		const name = end === 'key' || length < path.length ? keyNode(document, path.slice(0, length)) : undefined;
		const node = name?.range ? name : value;
		if (isNode(node) && node.range) {
			return at(lines, node.range[0]);
		}
	}

	return at(lines, document.contents?.range?.[0] ?? 0);
}

/** The node of a section's key; undefined for a list's item. */
function keyNode(document: Document, path: Path): Node | undefined {
	const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
	const pair = isMap(parent)
		? parent.items.find(({key}) => String(isScalar(key) ? key.value : key) === String(path.at(-1)))
		: undefined;
	return isNode(pair?.key) ? pair.key : undefined;
}

function at(lines: LineCounter, offset: number): {line: number; column: number} {
	const {line, col} = lines.linePos(offset);
	return {line, column: col};
}
