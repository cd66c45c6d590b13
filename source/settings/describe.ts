/** Reads the schema itself: which settings there are and what is told of each. */
import * as v from 'valibot';
import {type SettingMeta, schema} from './schema.ts';
import type {JsonSchema, ValueMeta} from './values.ts';

export type Schema = v.GenericSchema;

/** One setting: a value, a list of values, or a map from names to values. */
export type SettingInfo = SettingMeta &
	ValueMeta & {
		/** Dotted: `limits.memory`. */
		key: string;
		kind: 'value' | 'list' | 'map';
	};

/** The entries of a section; undefined for a setting. */
export function sectionEntries(node: Schema): Record<string, Schema> | undefined {
	if (node.type !== 'strict_object') {
		return undefined;
	}

	const {entries} = node as unknown as {entries: Record<string, Schema>};
	return Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, unwrap(entry)]));
}

export function kindOf(node: Schema): SettingInfo['kind'] {
	return node.type === 'array' ? 'list' : node.type === 'record' ? 'map' : 'value';
}

/** The schema of a list's items or of a map's values. */
export function itemOf(node: Schema): Schema {
	const {item, value} = node as unknown as {item?: Schema; value?: Schema};
	return item ?? value ?? node;
}

/** What one value of a setting has to be. */
export function valueMeta(node: Schema): ValueMeta {
	return v.getMetadata(itemOf(node)) as ValueMeta;
}

/** All settings in the schema's order. */
export function allSettings(): SettingInfo[] {
	return collect(schema, '');
}

function collect(node: Schema, prefix: string): SettingInfo[] {
	return Object.entries(sectionEntries(node) ?? {}).flatMap(([name, entry]) => {
		const key = `${prefix}${name}`;
		return sectionEntries(entry)
			? collect(entry, `${key}.`)
			: [{...(v.getMetadata(entry) as SettingMeta), ...valueMeta(entry), key, kind: kindOf(entry)}];
	});
}

/** The whole schema for editors, JSON Schema draft 2020-12. */
export function toJsonSchema(): JsonSchema {
	return {
		$schema: 'https://json-schema.org/draft/2020-12/schema',
		title: 'gpubox.yaml',
		description: "What a project's boxes are made of. Described in docs/configuration.md of gpubox.",
		...jsonOf(schema),
	};
}

function jsonOf(node: Schema): JsonSchema {
	const entries = sectionEntries(node);
	if (entries) {
		return {
			// A section of which every line is commented out is empty, not wrong.
			type: node === schema ? 'object' : ['object', 'null'],
			additionalProperties: false,
			properties: Object.fromEntries(
				Object.entries(entries)
					.filter(([, entry]) => !isOnlyPersonal(entry))
					.map(([key, entry]) => [key, jsonOf(entry)]),
			),
		};
	}

	const {says, default: fallback} = v.getMetadata(node) as SettingMeta;
	const description = `${says}. Default: ${fallback}.`;
	const {json} = valueMeta(node);
	switch (kindOf(node)) {
		case 'list':
			return {description, type: ['array', 'null'], items: json};
		case 'map': {
			const {key} = node as unknown as {key: Schema};
			const names = (v.getMetadata(key) as ValueMeta).json;
			return {description, type: ['object', 'null'], propertyNames: names, additionalProperties: json};
		}

		case 'value':
			return {description, ...json};
	}
}

/** Whether a setting, or each of a section, may not stand in gpubox.yaml. */
function isOnlyPersonal(node: Schema): boolean {
	const entries = sectionEntries(node);
	return entries
		? Object.values(entries).every(isOnlyPersonal)
		: ((v.getMetadata(node) as Partial<SettingMeta>).onlyPersonal ?? false);
}

function unwrap(node: Schema): Schema {
	return node.type === 'optional' ? (node as unknown as {wrapped: Schema}).wrapped : node;
}
