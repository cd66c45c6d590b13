/**
Every setting there is, once. From this come the check of gpubox.yaml and of the personal config, the published JSON Schema
(templates/gpubox.schema.json) and the table in docs/configuration.md; `tools/schema.ts` writes the last two.
*/
import * as v from 'valibot';
import type {JsonSchema} from './values.ts';
import * as value from './values.ts';

/** The description of a setting. */
export type SettingMeta = {
	/** What it is for, as a table cell. */
	says: string;
	/** The default. */
	default: string;
	/** Makes sense for a user, not only for a project: allowed in the personal config. */
	personal: boolean;
	/** Allowed only in the personal config: it decides where code comes from that others also run. */
	onlyPersonal?: true;
	/** An example for gpubox.yaml, in YAML's flow style. */
	example: string;
	/** The option of `gpubox up` that says the same. */
	flag?: string;
	/** Other ways of writing it that are taken (elsewhere.ts), for editors. */
	also?: JsonSchema;
};

function setting<const Schema extends v.GenericSchema>(schema: Schema, meta: SettingMeta) {
	return v.optional(v.pipe(schema, v.metadata(meta)));
}

export const schema = v.strictObject({
	$schema: setting(v.pipe(v.string(), v.metadata({wants: 'the URL of a JSON Schema', json: {type: 'string'}})), {
		says: 'For editors: URL of the JSON Schema of this file',
		default: 'none',
		personal: true,
		example: './node_modules/gpubox/templates/gpubox.schema.json',
	}),
	name: setting(value.word, {
		says: "The project's name: boxes are called PERSON-NAME",
		default: "the folder's name",
		personal: false,
		example: 'vision',
		flag: '--name',
	}),
	image: setting(value.imageReference, {
		says: 'The image that boxes start from',
		default: 'the best one for the host',
		personal: true,
		example: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
		flag: '--image',
	}),
	family: setting(value.word, {
		says: 'Without an image: choose only from this family (pytorch, ngc, jupyter …)',
		default: 'any',
		personal: true,
		example: 'pytorch',
	}),
	services: setting(v.pipe(v.array(value.service), v.minLength(1)), {
		says: 'The services of boxes',
		default: '[jupyter]',
		personal: true,
		example: '[jupyter, ssh]',
		flag: '--jupyter, --ssh',
		also: {enum: ['jupyter', 'ssh']},
	}),
	gpus: setting(value.gpus, {
		says: 'auto (the least-used one), none, all, how many, or which ones',
		default: 'auto',
		personal: true,
		example: '2',
		flag: '--gpus',
	}),
	mounts: setting(v.array(value.mount), {
		says: 'Additional mounts, as SRC:DST[:ro]',
		default: 'none',
		personal: true,
		example: '["/data/imagenet:/data:ro"]',
		flag: '--mount',
	}),
	packages: v.optional(
		v.strictObject({
			pip: setting(v.array(value.pipPackage), {
				says: 'Python packages added to the image',
				default: 'none',
				personal: false,
				example: '["einops>=0.8"]',
			}),
			apt: setting(v.array(value.aptPackage), {
				says: "The distribution's packages added to the image",
				default: 'none',
				personal: false,
				example: '[ffmpeg]',
			}),
		}),
	),
	postCreate: setting(value.command, {
		says: "Shell command that runs once in a new box, in /workspace, as the box's user",
		default: 'none',
		personal: false,
		example: 'pip install -e .',
	}),
	publish: setting(value.command, {
		says: 'Shell command that runs after a job that succeeded, in its image, with the folder of the run in $GPUBOX_RUN',
		default: 'none',
		personal: false,
		example: 'python publish.py "$GPUBOX_RUN"',
	}),
	registry: setting(value.repositoryFolder, {
		says: 'Where `gpubox push` pushes the image of a project: a registry, with a path if it has one',
		default: 'none',
		personal: true,
		example: 'registry.example/team',
	}),
	notify: setting(value.command, {
		says: 'Shell command that runs on this host when a job of yours has ended; docs/jobs.md lists its variables',
		default: 'none',
		personal: true,
		onlyPersonal: true,
		example: 'notify-send "$GPUBOX_RUN_NAME ended with $GPUBOX_RUN_EXIT_CODE"',
	}),
	env: setting(v.record(value.variableName, value.variableValue), {
		says: 'Environment variables; everyone who can use the engine can read them',
		default: 'none',
		personal: true,
		example: '{SEED: 42}',
		flag: '--env',
		also: {type: 'array', minItems: 1, items: {type: 'string', pattern: '^[A-Za-z_]\\w*='}},
	}),
	secrets: setting(v.array(value.variableName), {
		says: 'Names of secrets; each user provides the values',
		default: 'none',
		personal: true,
		example: '[WANDB_API_KEY]',
		flag: '--secret',
	}),
	limits: v.optional(
		v.strictObject({
			memory: setting(value.size, {
				says: 'Memory',
				default: "nine tenths of the host's, by the share of its GPUs taken",
				personal: true,
				example: '64g',
				flag: '--memory',
			}),
			cpus: setting(value.cpus, {
				says: 'CPUs',
				default: 'all',
				personal: true,
				example: '8',
				flag: '--cpus',
			}),
			shmSize: setting(value.size, {
				says: 'Size of /dev/shm, which data loaders use for their batches',
				default: '8g, or half the memory of a small host',
				personal: true,
				example: '16g',
				flag: '--shm-size',
			}),
			pids: setting(value.processes, {
				says: 'Limit of processes and threads',
				default: '16384',
				personal: true,
				example: '32768',
				flag: '--pids-limit',
			}),
		}),
	),
	ports: v.optional(
		v.strictObject({
			jupyter: setting(value.port, {
				says: 'Port on the host for Jupyter, if it is free',
				default: 'a free one',
				personal: true,
				example: '8888',
				flag: '--port',
			}),
			ssh: setting(value.port, {
				says: 'Port on the host for SSH, if it is free',
				default: 'a free one',
				personal: true,
				example: '2222',
			}),
		}),
	),
	bind: setting(value.address, {
		says: 'Address of the host that ports are published on',
		default: '127.0.0.1',
		personal: true,
		example: '127.0.0.1',
		flag: '--bind',
	}),
	idle: v.optional(
		v.strictObject({
			warnAfter: setting(value.duration, {
				says: 'Mark a box that holds a GPU and has been idle for so long',
				default: 'never',
				personal: true,
				example: '2h',
			}),
			stopAfter: setting(value.duration, {
				says: 'Stop such a box after so long',
				default: 'never',
				personal: true,
				example: '12h',
			}),
		}),
	),
	hosts: setting(v.array(value.hostName), {
		says: 'Hosts that `gpubox hosts` shows, the preferred one first: names for ssh, Docker contexts; `local` is this one',
		default: 'none',
		personal: true,
		onlyPersonal: true,
		example: '[local, gpu2, alice@gpu3]',
	}),
	theme: setting(value.theme, {
		says: "The session's colours: auto (light or dark where the terminal says so, else its own colours), terminal (its own), dark, light, high-contrast",
		default: 'auto',
		personal: true,
		onlyPersonal: true,
		example: 'high-contrast',
	}),
	glyphs: setting(value.glyphs, {
		says: 'Characters of the session: unicode, ascii, or auto (by locale and terminal)',
		default: 'auto',
		personal: true,
		onlyPersonal: true,
		example: 'ascii',
	}),
	mouse: setting(value.mouse, {
		says: 'The mouse in the session: on (it selects and scrolls), or off (the terminal selects text with it); Ctrl-T changes it there',
		default: 'off',
		personal: true,
		onlyPersonal: true,
		example: 'on',
	}),
	events: v.optional(
		v.strictObject({
			alert: setting(value.alert, {
				says: 'How the session tells of what happens: none (only in its list), bell, or notification (OSC 9, shown on the desktop by many terminals)',
				default: 'none',
				personal: true,
				onlyPersonal: true,
				example: 'notification',
			}),
			command: setting(value.command, {
				says: 'Shell command that the session runs for each thing that happens; docs/session.md lists its variables',
				default: 'none',
				personal: true,
				onlyPersonal: true,
				example: 'notify-send "$GPUBOX_EVENT_TEXT"',
			}),
		}),
	),
	keys: setting(v.record(v.string(), value.key), {
		says: 'Own keys in the session, by action; docs/session.md lists the actions',
		default: "the session's",
		personal: true,
		onlyPersonal: true,
		example: '{restart: K}',
	}),
	commands: setting(v.array(value.ownCommand), {
		says: 'Own commands in the session; docs/session.md describes their fields',
		default: 'none',
		personal: true,
		onlyPersonal: true,
		example: '[{name: "Processes", key: "V", command: "docker top {id}"}]',
	}),
	images: setting(v.array(value.teamImage), {
		says: 'Images to add to the catalogue; docs/images.md describes their fields',
		default: 'none',
		personal: true,
		example: '[{reference: "registry.example/team/train:3", framework: pytorch, cuda: "12.8"}]',
	}),
	build: v.optional(
		v.strictObject({
			pipIndexUrl: setting(value.url, {
				says: 'Mirror of PyPI for the layers that gpubox builds',
				default: "pip's own",
				personal: true,
				onlyPersonal: true,
				example: 'https://pypi.example/simple',
			}),
			aptMirror: setting(value.url, {
				says: 'Mirror of the distribution for the layers that gpubox builds',
				default: "the image's own",
				personal: true,
				onlyPersonal: true,
				example: 'https://mirror.example',
			}),
			registryMirror: setting(value.registry, {
				says: 'Registry to pull images of Docker Hub from',
				default: "the engine's setting",
				personal: true,
				onlyPersonal: true,
				example: 'mirror.example:5000',
			}),
		}),
	),
	ssh: v.optional(
		v.strictObject({
			keys: setting(v.array(value.keyFile), {
				says: 'Files of public keys that may log in',
				default: "the agent's keys and ~/.ssh/*.pub",
				personal: true,
				example: '["~/.ssh/id_ed25519.pub"]',
			}),
		}),
	),
});

/** The settings of a project, merged from all places. Settings without a value are missing. */
export type Settings = Omit<v.InferOutput<typeof schema>, '$schema'>;
