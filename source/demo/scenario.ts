/**
The schema of a simulated machine: its cards, their load and their faults; the boxes and images on it. The simulated
nvidia-smi loads this at every start. Described for people in docs/demo.md.

The message of each schema names the expected value.
*/
import * as v from 'valibot';
import {scenarioNames} from './scenario-names.ts';

const isNoList = v.check((value: unknown) => !Array.isArray(value), 'an object');

/** An object without other members; for a mistake in a member the message of its own schema is used. */
function members<const Entries extends v.ObjectEntries>(entries: Entries) {
	return v.strictObject(entries, ({expected, path}) => {
		const key = String(path?.at(-1)?.key);
		if (expected === 'never') {
			return `has an unknown member "${key}"; known are ${Object.keys(entries).join(', ')}`;
		}

		const member = entries[key];
		return member !== undefined && 'message' in member ? String(member.message) : 'an object';
	});
}

function object<const Entries extends v.ObjectEntries>(entries: Entries) {
	return v.pipe(v.unknown(), isNoList, members(entries));
}

function wordsOf(words: readonly string[]): string {
	return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function oneOf<const Word extends string>(words: readonly Word[]) {
	return v.picklist(words, wordsOf(words));
}

/** One of several kinds of object, selected by its member `kind`. */
function kinds<const Options extends v.VariantOptions<'kind'>>(names: readonly string[], options: Options) {
	const variant = v.variant('kind', options, ({path}) => (path === undefined ? 'an object' : wordsOf(names)));
	return v.pipe(v.unknown(), isNoList, variant);
}

/** Both ends are allowed. */
function range(from: number, to: number) {
	const expected = `a number from ${from} to ${to}`;
	return v.pipe(v.number('a number'), v.minValue(from, expected), v.maxValue(to, expected));
}

function from(least: number) {
	return v.pipe(v.number('a number'), v.finite('a number'), v.minValue(least, `a number from ${least} on`));
}

function list<const Item extends v.GenericSchema>(item: Item) {
	return v.nullish(v.array(item, 'a list'), []);
}

const text = v.string('a text');
const flag = v.boolean('true or false');
const amount = from(0);
const whole = v.integer<number, string>('a whole number');
const percent = range(0, 100);
/** Two of the same moment would be the same burst. */
const period = from(1);
const exitCode = v.nullish(v.pipe(range(0, 255), whole), 255);
/** What boxes may be called is what `gpubox up --name` takes; people are called as the system calls them. */
const boxName = v.pipe(text, v.regex(/^[a-z0-9][a-z0-9_.-]{0,61}$/, 'a name such as alice-train'));
const personName = (example: string) => v.pipe(text, v.regex(/^[a-z_][a-z0-9_-]{0,31}$/, `a name such as ${example}`));

/** What a card does. Utilisation in percent, periods in seconds. */
const load = kinds(
	['idle', 'constant', 'wave', 'training', 'serving', 'spiky'],
	[
		members({kind: v.literal('idle')}),
		members({kind: v.literal('constant'), utilization: percent}),
		members({
			kind: v.literal('wave'),
			low: v.nullish(percent, 0),
			high: v.nullish(percent, 100),
			periodSeconds: v.nullish(period, 60),
		}),
		/** Busy, with a dip at the end of each epoch while it is evaluated and saved. */
		members({
			kind: v.literal('training'),
			utilization: v.nullish(percent, 97),
			epochSeconds: v.nullish(period, 60),
			/** How far into the first epoch it is. */
			offsetSeconds: v.nullish(amount, 0),
		}),
		/** A model that answers requests: never the same for long. */
		members({
			kind: v.literal('serving'),
			low: v.nullish(percent, 0),
			high: v.nullish(percent, 100),
			periodSeconds: v.nullish(period, 4),
		}),
		/** Idle, with bursts: someone using a notebook. */
		members({kind: v.literal('spiky'), high: v.nullish(percent, 80), periodSeconds: v.nullish(period, 20)}),
	],
);

const gpu = object({
	index: v.nullish(v.pipe(amount, whole)),
	uuid: v.nullish(text),
	name: text,
	busId: v.nullish(text),
	computeCapability: text,
	/** `null` where the card shares the machine's memory. */
	memoryTotalMiB: v.nullish(amount, null),
	/** `null`: the card knows no MIG. */
	migMode: v.nullish(flag, null),
	mig: list(object({uuid: text, profile: text})),
	persistenceMode: v.nullish(flag, true),
	load: v.nullish(load, {kind: 'idle'}),
	/** In addition to the memory of the processes. */
	memoryUsedMiB: v.nullish(amount, 0),
	/** °C, doing nothing and fully busy. */
	temperature: v.nullish(object({idle: v.nullish(amount, 35), busy: v.nullish(amount, 70)}), {}),
	/** Watts, doing nothing and at the limit; `null` where the card has no limit. `default`: the limit that it came with. */
	power: v.nullish(object({idle: v.nullish(amount, 30), limit: v.nullish(amount, null), default: v.nullish(amount)}), {
		limit: 300,
	}),
	/** MHz, fully busy. */
	clocks: v.nullish(object({sm: v.nullish(amount, 1980), memory: v.nullish(amount, 2619)}), {}),
	/** The card has a fan of its own. */
	fan: v.nullish(flag, false),
	/** What to print in a field instead, e.g. `{"utilization.gpu": "[N/A]"}`. */
	cells: v.nullish(v.pipe(v.unknown(), isNoList, v.record(v.string(), text, 'an object')), {}),
});

/** What tells cards apart is made of the place in the list where the file does not say. */
const gpus = v.pipe(
	list(gpu),
	v.transform((cards) =>
		cards.map(({index, uuid, busId, ...card}, place) => {
			const hex = (length: number) => (place + 1).toString(16).padStart(length, '0');
			return {
				...card,
				index: index ?? place,
				uuid: uuid ?? `GPU-${hex(8)}-0000-4000-8000-${hex(12)}`,
				busId: busId ?? `00000000:${hex(2).toUpperCase()}:00.0`,
			};
		}),
	),
);

const process = object({
	gpu: amount,
	pid: v.pipe(from(1), whole),
	name: text,
	usedMemoryMiB: v.nullish(amount, null),
	/** The box it runs in; `null` outside of all. */
	box: v.nullish(text, null),
	/** The same for a container that is not a box. */
	container: v.nullish(text, null),
});

const event = kinds(
	['lost', 'reset', 'recover', 'heat', 'cool', 'end', 'stop', 'hang', 'exit'],
	[
		members({afterSeconds: amount, kind: v.picklist(['lost', 'reset', 'recover', 'heat', 'cool']), gpu: amount}),
		/** A process ends: its memory is free, and a card that all have left does nothing more. */
		members({afterSeconds: amount, kind: v.literal('end'), pid: amount}),
		/** A box or a job stops without anyone's doing, at its memory limit where that is said. */
		members({
			afterSeconds: amount,
			kind: v.literal('stop'),
			box: text,
			exitCode: v.nullish(v.pipe(range(0, 255), whole), 0),
			outOfMemory: v.nullish(flag, false),
		}),
		/** nvidia-smi keeps running, but prints nothing. */
		members({afterSeconds: amount, kind: v.literal('hang')}),
		members({afterSeconds: amount, kind: v.literal('exit'), text: v.nullish(text, ''), exitCode}),
	],
);

const story = oneOf(['training', 'serving', 'notebook', 'resting', 'quiet']);

const box = v.pipe(
	object({
		name: boxName,
		owner: personName('alice'),
		image: text,
		/** Jupyter when missing, and none of a job. */
		services: v.nullish(v.array(oneOf(['jupyter', 'ssh']), 'a list')),
		/** Indexes of its cards. */
		gpus: list(amount),
		/** The command of a job; without one it is a box that stays. */
		job: list(text),
		/** It may share its cards. */
		share: v.nullish(flag, false),
		running: v.nullish(flag, true),
		ageHours: v.nullish(amount, 1),
		/** What it uses: 100 is one whole CPU. As programs of its kind do when missing. */
		cpuPercent: v.nullish(amount),
		/** What its log tells. */
		log: v.nullish(story),
		/** Lines of log that are there already. */
		logLines: v.nullish(v.pipe(range(0, 2000), whole)),
	}),
	v.transform(({log, logLines, services, ...rest}) => {
		const offered = rest.job.length > 0 ? [] : (services ?? ['jupyter' as const]);
		return {
			...rest,
			services: offered,
			log: log ?? (offered.includes('jupyter') ? 'notebook' : rest.job.length > 0 ? 'training' : 'quiet'),
			logLines: logLines ?? (rest.running ? 60 : 25),
		};
	}),
);

/** A container that gpubox did not make. */
const container = object({
	name: v.pipe(text, v.regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$/, 'a name such as grafana')),
	image: text,
	/** A folder of the host that it mounts. */
	folder: v.nullish(text),
	running: v.nullish(flag, true),
	ageHours: v.nullish(amount, 24),
	/** What it uses: 100 is one whole CPU. */
	cpuPercent: v.nullish(amount, 1),
	memoryMiB: v.nullish(amount, 256),
});

/** Another host of the demo: one of a built-in scenario, this one, or one that gives no answer. */
const otherHost = v.pipe(
	object({
		name: personName('gpu2'),
		scenario: v.nullish(oneOf(scenarioNames)),
		/** Why it gives no answer. */
		silent: v.nullish(text),
	}),
	v.check(
		({scenario, silent}) => scenario == null || silent == null,
		'a host with a scenario, or one that is silent, not both',
	),
);

/** A user who is queued for GPUs. */
const queued = object({
	user: personName('bob'),
	name: boxName,
	gpus: v.nullish(v.pipe(from(1), whole), 1),
	sinceMinutes: v.nullish(amount, 12),
	/** What is in the way: `box alice-train`. */
	behind: list(text),
});

export const scenarioSchema = object({
	/** One line for people. */
	about: v.nullish(text, ''),
	driverVersion: v.nullish(text, '580.95.05'),
	cudaVersion: v.nullish(text, '13.0'),
	/** The machine around the cards. */
	host: v.nullish(
		object({
			name: v.nullish(text, 'hopper'),
			cpus: v.nullish(v.pipe(from(1), whole), 96),
			memoryGiB: v.nullish(amount, 1024),
			diskGiB: v.nullish(amount, 7168),
			diskFreeGiB: v.nullish(amount, 2458),
		}),
		{},
	),
	/** The user of the demo, who owns some of the boxes. */
	person: v.nullish(personName('dora'), 'dora'),
	gpus,
	processes: list(process),
	boxes: list(box),
	/** Containers beside the boxes. */
	containers: list(container),
	/** Who is queued for GPUs, while the demo host is alive. */
	queue: list(queued),
	/** The hosts of the hosts screen; without any there is none. */
	hosts: list(otherHost),
	/** Local images in addition to those of the boxes. */
	images: list(text),
	/** Fields that this driver rejects, in addition to those that no driver has. */
	unknownFields: list(text),
	/** nvidia-smi fails for all arguments. */
	failure: v.nullish(object({text, exitCode, stream: v.nullish(oneOf(['stdout', 'stderr']), 'stdout')}), null),
	events: list(event),
	/** How long nvidia-smi takes to its first output, as without persistence mode. */
	startDelayMs: v.nullish(amount, 0),
});

export type Load = v.InferOutput<typeof load>;
export type ScenarioGpu = v.InferOutput<typeof gpus>[number] & {
	/** From then on its load is gone with the processes that made it. Worked out, never written. */
	idleAfterSeconds?: number;
	/** Since then it gets too hot. The same. */
	hotAfterSeconds?: number;
};
export type ScenarioProcess = v.InferOutput<typeof process>;
export type ScenarioEvent = v.InferOutput<typeof event>;
export type StoryName = v.InferOutput<typeof story>;
export type ScenarioContainer = v.InferOutput<typeof container>;
export type ScenarioBox = v.InferOutput<typeof box>;
export type Scenario = Omit<v.InferOutput<typeof scenarioSchema>, 'gpus'> & {
	gpus: ScenarioGpu[];
	/** In the place of loads and processes: what was recorded. Worked out, never written. */
	replay?: Replay;
};

export type ReplayedProcess = Pick<ScenarioProcess, 'pid' | 'name' | 'usedMemoryMiB'> & {uuid: string};

/** A recording, by the time since its start in seconds. */
export type Replay = {
	/** What nvidia-smi prints of a card, by the field's name. */
	cells: (uuid: string, seconds: number) => Record<string, string>;
	processes: (seconds: number) => ReplayedProcess[];
};
