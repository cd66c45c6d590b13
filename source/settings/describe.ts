/** Reads the schema itself: which settings there are and what is told of each. */
import * as v from 'valibot';
import {type SettingMeta, schema} from './schema.ts';
import type {JsonSchema, ValueMeta} from './values.ts';

/** Any schema of valibot's, with the parts that some kinds of them have. */
export type Schema = v.GenericSchema & {
	entries?: Record<string, Schema>;
	item?: Schema;
	key?: Schema;
	value?: Schema;
	wrapped?: Schema;
};

/** One setting: a value, a list of values, or a map from names to values. */
export type SettingInfo = SettingMeta &
	ValueMeta & {
		/** Dotted: `limits.memory`. */
		key: string;
		kind: 'value' | 'list' | 'map';
	};

/** The entries of a section; undefined for a setting. */
export function sectionEntries(node: Schema): Record<string, Schema> | undefined {
	if (node.type !== 'strict_object' || node.entries === undefined) {
		return undefined;
	}

	return Object.fromEntries(Object.entries(node.entries).map(([key, entry]) => [key, unwrap(entry)]));
}

export function kindOf(node: Schema): SettingInfo['kind'] {
	return node.type === 'array' ? 'list' : node.type === 'record' ? 'map' : 'value';
}

/** The schema of a list's items or of a map's values. */
export function itemOf(node: Schema): Schema {
	return node.item ?? node.value ?? node;
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

	const {says, default: fallback, also} = v.getMetadata(node) as SettingMeta;
	const description = `${says}. Default: ${fallback}.`;
	const own = ownJson(node);
	return {description, ...(also === undefined ? own : {anyOf: [own, also]})};
}

function ownJson(node: Schema): JsonSchema {
	const {json} = valueMeta(node);
	switch (kindOf(node)) {
		case 'list':
			return {type: ['array', 'null'], items: json};
		case 'map': {
			const names = node.key && (v.getMetadata(node.key) as ValueMeta).json;
			return {type: ['object', 'null'], propertyNames: names, additionalProperties: json};
		}

		case 'value':
			return json;
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
	return node.type === 'optional' ? (node.wrapped ?? node) : node;
}
