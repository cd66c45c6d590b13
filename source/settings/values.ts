/**
The kinds of values that a setting can have. Each says in plain words what it takes (`wants`, for error messages) and in JSON
Schema's terms (`json`, for editors). YAML reads `gpus: 2` as a number and the personal config keeps what was typed as text, so
numbers and their text are both taken.
*/
import {isIP} from 'node:net';
import * as v from 'valibot';
import {parseBytes} from '../text/bytes.ts';
import {parseDuration} from '../text/duration.ts';
import {plainGpuList} from '../text/gpu-list.ts';

export type JsonSchema = {[key: string]: unknown};

/** The metadata of a kind of value. */
export type ValueMeta = {wants: string; json: JsonSchema};

// The engine refuses less than 6 MiB of memory.
const leastBytes = 6 * 1024 ** 2;

const numberOrText = v.union([v.string(), v.pipe(v.number(), v.transform(String))]);
const number = v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+(?:\.\d+)?$/), v.transform(Number))]);

/** Text that matches a pattern. */
function matching(pattern: RegExp, wants: string) {
	return v.pipe(v.string(), v.regex(pattern), v.metadata({wants, json: {type: 'string', pattern: pattern.source}}));
}

/** A whole number between two others. */
function whole(least: number, most: number, wants: string) {
	return v.pipe(
		number,
		v.integer(),
		v.minValue(least),
		v.maxValue(most),
		v.metadata({wants, json: {type: 'integer', minimum: least, maximum: most}}),
	);
}

export const imageReference = matching(
	/^[A-Za-z0-9][\w./:@-]*$/,
	'an image such as pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
);

export const word = matching(/^[A-Za-z0-9][\w.-]{0,60}$/, 'a short name of letters, digits, ".", "_" and "-"');

export const service = v.pipe(
	v.picklist(['jupyter', 'ssh']),
	v.metadata({wants: 'jupyter or ssh', json: {enum: ['jupyter', 'ssh']}}),
);

export const theme = v.pipe(
	v.picklist(['auto', 'terminal', 'dark', 'light', 'high-contrast']),
	v.metadata({
		wants: 'auto, terminal, dark, light or high-contrast',
		json: {enum: ['auto', 'terminal', 'dark', 'light', 'high-contrast']},
	}),
);

export const alert = v.pipe(
	v.picklist(['none', 'bell', 'notification']),
	v.metadata({wants: 'none, bell or notification', json: {enum: ['none', 'bell', 'notification']}}),
);

/** Checked in full by the session, which knows its actions: a mistake costs that entry only. */
export const key = v.pipe(v.unknown(), v.metadata({wants: 'a key such as K, space or ctrl+r, or none', json: {}}));

/** The same for a command of the session. */
export const ownCommand = v.pipe(
	v.unknown(),
	v.metadata({
		wants: 'a command such as {"name": "Processes", "key": "V", "command": "docker top {id}"}',
		json: {},
	}),
);

export const glyphs = v.pipe(
	v.picklist(['auto', 'unicode', 'ascii']),
	v.metadata({wants: 'auto, unicode or ascii', json: {enum: ['auto', 'unicode', 'ascii']}}),
);

export const mouse = v.pipe(v.picklist(['on', 'off']), v.metadata({wants: 'on or off', json: {enum: ['on', 'off']}}));

const gpuName = /^(?:\d+|(?:GPU|MIG)-[\w/-]+)$/;
const gpuText = /^(?:auto|none|all|\d+|(?:(?:\d+|(?:GPU|MIG)-[\w/-]+),)*(?:\d+|(?:GPU|MIG)-[\w/-]+),?)$/;

/** As `--gpus` accepts it. A list always names cards, a single number is a count. */
export const gpus = v.pipe(
	v.union([
		v.pipe(numberOrText, v.transform(plainGpuList), v.regex(gpuText)),
		v.pipe(
			v.array(v.pipe(numberOrText, v.regex(gpuName))),
			v.minLength(1),
			v.transform((names) => (names.length === 1 ? `${names[0]},` : names.join(','))),
		),
	]),
	v.metadata({
		wants: 'auto, none, all, how many (2), or a list of indexes or UUIDs such as [0, 2]',
		json: {
			anyOf: [
				{type: 'string', pattern: gpuText.source},
				{type: 'string', pattern: String.raw`^["']*(?:\[|device=|count=|nvidia\.com/gpu=)`},
				{type: 'integer', minimum: 0},
				{
					type: 'array',
					minItems: 1,
					items: {
						anyOf: [
							{type: 'integer', minimum: 0},
							{type: 'string', pattern: gpuName.source},
						],
					},
				},
			],
		},
	}),
);

/** Bytes, as docker writes them. */
export const size = v.pipe(
	numberOrText,
	v.check((text) => (parseBytes(text) ?? 0) >= leastBytes),
	v.metadata({
		wants: 'a size such as 16g',
		json: {
			anyOf: [
				{type: 'string', pattern: String.raw`^\s*\d+(\.\d+)?\s*[kmgtKMGT]?([iI]?[bB])?\s*$`},
				{type: 'integer', minimum: leastBytes},
			],
		},
	}),
);

export const cpus = v.pipe(
	number,
	v.gtValue(0),
	v.metadata({wants: 'a number of CPUs such as 8 or 2.5', json: {type: 'number', exclusiveMinimum: 0}}),
);

export const processes = whole(16, 4_194_304, 'a number of processes such as 4096');
export const port = whole(1, 65_535, 'a port from 1 to 65535');

export const address = v.pipe(
	v.string(),
	v.check((text) => isIP(text) !== 0),
	v.metadata({wants: 'an IP address such as 127.0.0.1', json: {type: 'string', pattern: '^[0-9A-Fa-f.:]+$'}}),
);

export const duration = v.pipe(
	v.string(),
	v.check((text) => (parseDuration(text) ?? 0) > 0),
	v.metadata({
		wants: 'a time such as 30m, 6h or 2d',
		json: {type: 'string', pattern: String.raw`^(\d+(\.\d+)?[smhdw])+$`},
	}),
);

const mountText = /^(?!.*\$[A-Za-z_{])[^:\s][^:]*:\/[^:]*(?::r[ow])?$/;

/** The long forms of docker and compose are put in this one before (elsewhere.ts). */
export const mount = v.pipe(
	v.string(),
	v.regex(mountText),
	v.metadata({
		wants: 'a mount such as /data/imagenet:/data:ro',
		json: {
			anyOf: [
				{type: 'string', pattern: mountText.source},
				{type: 'string', pattern: '^(?=.*(?:source|src)=)(?=.*(?:target|dst|destination)=/)[^:$]+$'},
				{
					type: 'object',
					properties: {
						type: {const: 'bind'},
						source: {type: 'string'},
						target: {type: 'string', pattern: '^/'},
						read_only: {type: 'boolean'},
					},
					required: ['source', 'target'],
					additionalProperties: false,
				},
			],
		},
	}),
);

// Written into a file that pip reads: a word that starts with "-" would be an option of its own. Python ends a line at more characters
// than others do (\v, \f, U+001C to U+001E, U+0085, U+2028, U+2029); none that does not show may be in it. "${…}" stands for variables
// of the build, and a "\" at the end for a line that goes on.
export const pipPackage = matching(
	/^[A-Za-z0-9](?:[^\u0000-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF$\\]*)$/,
	'a package in pip syntax, such as einops>=0.8',
);
// One that ends in "-" would be removed.
export const aptPackage = matching(
	/^[a-z0-9][a-z0-9+.-]*(?<!-)(?:[=/][\w.:+~-]*[\w.:+~])?$/,
	'a package of the distribution such as ffmpeg',
);

export const command = v.pipe(
	v.string(),
	v.regex(/\S/),
	v.metadata({wants: 'a shell command such as pip install -e .', json: {type: 'string', pattern: String.raw`\S`}}),
);

export const variableName = matching(/^[A-Za-z_]\w*$/, 'the name of a variable such as WANDB_API_KEY');

export const variableValue = v.pipe(
	v.union([v.string(), v.pipe(v.union([v.number(), v.boolean()]), v.transform(String))]),
	v.metadata({wants: 'text, a number, true or false', json: {type: ['string', 'number', 'boolean']}}),
);

// Used in shell scripts and settings of the build, and in an image that others can inspect.
const urlPattern = /^https:\/\/[A-Za-z0-9][A-Za-z0-9._~:/%+-]*$/;

export const url = v.pipe(
	v.string(),
	v.regex(urlPattern),
	v.check((text) => URL.canParse(text)),
	v.metadata({
		wants: 'a URL that starts with https://, without a password in it',
		json: {type: 'string', pattern: urlPattern.source},
	}),
);

export const registry = matching(
	/^(?:https?:\/\/)?[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?(?:\/[\w./-]*)?$/,
	'a registry such as mirror.example:5000',
);

/** Lower case, as all names of images. */
export const repositoryFolder = matching(
	/^[a-z0-9][a-z0-9.-]*(?::\d{1,5})?(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/,
	'a registry such as registry.example/team',
);

// It becomes a word of ssh's command line: nothing that could be an option of it.
export const hostName = matching(
	/^(?:(?:ssh|tcp|https?|unix):\/\/[A-Za-z0-9[/][\w.:@%[\]/-]*|(?:[A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9][\w.-]*)$/,
	'a host such as gpu2, alice@gpu3, ssh://alice@gpu3:2222, or a Docker context',
);

export const keyFile = matching(/^[^\r\n]*\S[^\r\n]*$/, 'a file of public keys such as ~/.ssh/id_ed25519.pub');

/** Checked in full where images are judged; here only that it has a reference. */
export const teamImage = v.pipe(
	v.looseObject({reference: imageReference}),
	v.metadata({
		wants: 'an image with a reference, such as {reference: registry.example/team/train:3, cuda: "12.8"}',
		json: {type: 'object', properties: {reference: {type: 'string'}}, required: ['reference']},
	}),
);
