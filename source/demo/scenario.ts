/**
What a made-up machine is like: its cards, what they do, and what goes wrong with them; the boxes and images on it. Only types
and checks: the stand-in of nvidia-smi loads this at every start. Described for people in docs/demo.md.
*/
import {checkReferences} from './scenario-check.ts';
import {Value} from './value.ts';

export {ScenarioError} from './value.ts';

/** What a card does. Utilisation in percent, periods in seconds. */
export type Load =
	| {kind: 'idle'}
	| {kind: 'constant'; utilization: number}
	| {kind: 'wave'; low: number; high: number; periodSeconds: number}
	/** Busy, with a dip at the end of each epoch while it is evaluated and saved. The offset says how far into the first it is. */
	| {kind: 'training'; utilization: number; epochSeconds: number; offsetSeconds: number}
	/** A model that answers requests: never the same for long. */
	| {kind: 'serving'; low: number; high: number; periodSeconds: number}
	/** Idle, with bursts: somebody at a notebook. */
	| {kind: 'spiky'; high: number; periodSeconds: number};

export type ScenarioGpu = {
	index: number;
	uuid: string;
	name: string;
	busId: string;
	computeCapability: string;
	/** `null` where the card shares the machine's memory. */
	memoryTotalMiB: number | null;
	/** `null`: the card knows no MIG. */
	migMode: boolean | null;
	mig: {uuid: string; profile: string}[];
	persistenceMode: boolean;
	load: Load;
	/** Besides what the processes use. */
	memoryUsedMiB: number;
	/** °C, doing nothing and fully busy. */
	temperature: {idle: number; busy: number};
	/** Watts, doing nothing and at the limit; `null` where the card has no limit. */
	power: {idle: number; limit: number | null};
	/** MHz, fully busy. */
	clocks: {sm: number; memory: number};
	/** The card has a fan of its own. */
	fan: boolean;
	/** What to print in a field instead, e.g. `{"utilization.gpu": "[N/A]"}`. */
	cells: Record<string, string>;
	/** From then on its load is gone with the processes that made it. Worked out, never written. */
	idleAfterSeconds?: number;
};

export type ScenarioProcess = {
	gpu: number;
	pid: number;
	name: string;
	usedMemoryMiB: number | null;
	/** The box it runs in; `null` outside of all. */
	box: string | null;
};

export type ScenarioEvent =
	| {afterSeconds: number; kind: 'lost' | 'reset' | 'recover'; gpu: number}
	/** A process ends: its memory is free, and a card that all have left does nothing more. */
	| {afterSeconds: number; kind: 'end'; pid: number}
	/** nvidia-smi stays, and prints nothing any more. */
	| {afterSeconds: number; kind: 'hang'}
	| {afterSeconds: number; kind: 'exit'; text: string; exitCode: number};

/** nvidia-smi as a whole fails, whatever it is asked. */
type ScenarioFailure = {text: string; exitCode: number; stream: 'stdout' | 'stderr'};

const storyNames = ['training', 'serving', 'notebook', 'resting', 'quiet'] as const;
export type StoryName = (typeof storyNames)[number];

export type ScenarioBox = {
	name: string;
	owner: string;
	image: string;
	services: ('jupyter' | 'ssh')[];
	/** Indexes of its cards. */
	gpus: number[];
	/** It may share its cards. */
	share: boolean;
	running: boolean;
	ageHours: number;
	/** What its log tells. */
	log: StoryName;
	/** Lines of log that are there already. */
	logLines: number;
};

/** The machine around the cards. */
type ScenarioHost = {
	name: string;
	cpus: number;
	memoryGiB: number;
	diskGiB: number;
	diskFreeGiB: number;
};

export type Scenario = {
	/** One line for people. */
	about: string;
	driverVersion: string;
	cudaVersion: string;
	host: ScenarioHost;
	/** Whose boxes are one's own. */
	person: string;
	gpus: ScenarioGpu[];
	processes: ScenarioProcess[];
	boxes: ScenarioBox[];
	/** What the engine has besides the images of the boxes. */
	images: string[];
	/** Fields that this driver rejects, besides those that no driver knows. */
	unknownFields: string[];
	failure: ScenarioFailure | null;
	events: ScenarioEvent[];
	/** How long nvidia-smi takes to its first output, as without persistence mode. */
	startDelayMs: number;
};

const percent = {to: 100};
/** Two of the same moment would be the same burst. */
const period = {from: 1};

function readLoad(value: Value): Load {
	const get = value.object(loadMembers);
	const kind = get('kind').oneOf(['idle', 'constant', 'wave', 'training', 'serving', 'spiky']);
	switch (kind) {
		case 'idle':
			return {kind};
		case 'constant':
			return {kind, utilization: get('utilization').number(undefined, percent)};
		case 'wave':
		case 'serving':
			return {
				kind,
				low: get('low').number(0, percent),
				high: get('high').number(100, percent),
				periodSeconds: get('periodSeconds').number(kind === 'wave' ? 60 : 4, period),
			};
		case 'training':
			return {
				kind,
				utilization: get('utilization').number(97, percent),
				epochSeconds: get('epochSeconds').number(60, period),
				offsetSeconds: get('offsetSeconds').number(0),
			};
		case 'spiky':
			return {
				kind,
				high: get('high').number(80, percent),
				periodSeconds: get('periodSeconds').number(20, period),
			};
	}
}

const gpuMembers = [
	'index',
	'uuid',
	'name',
	'busId',
	'computeCapability',
	'memoryTotalMiB',
	'migMode',
	'mig',
	'persistenceMode',
	'load',
	'memoryUsedMiB',
	'temperature',
	'power',
	'clocks',
	'fan',
	'cells',
];

/** @param place of the card in the list: what tells cards apart is made of it where the file does not say */
function readGpu(value: Value, place: number): ScenarioGpu {
	const get = value.object(gpuMembers);
	const temperature = get('temperature').objectOrEmpty(['idle', 'busy']);
	const power = new Value(get('power').value ?? {limit: 300}, get('power').where).object(['idle', 'limit']);
	const clocks = get('clocks').objectOrEmpty(['sm', 'memory']);
	const hex = (length: number) => (place + 1).toString(16).padStart(length, '0');
	return {
		index: get('index').number(place, {whole: true}),
		uuid: get('uuid').string(`GPU-${hex(8)}-0000-4000-8000-${hex(12)}`),
		name: get('name').string(),
		busId: get('busId').string(`00000000:${hex(2).toUpperCase()}:00.0`),
		computeCapability: get('computeCapability').string(),
		memoryTotalMiB: get('memoryTotalMiB').orNull((item) => item.number()),
		migMode: get('migMode').orNull((item) => item.boolean(false)),
		mig: get('mig').list((item) => {
			const slice = item.object(['uuid', 'profile']);
			return {uuid: slice('uuid').string(), profile: slice('profile').string()};
		}),
		persistenceMode: get('persistenceMode').boolean(true),
		load: readLoad(new Value(get('load').value ?? {kind: 'idle'}, get('load').where)),
		memoryUsedMiB: get('memoryUsedMiB').number(0),
		temperature: {idle: temperature('idle').number(35), busy: temperature('busy').number(70)},
		power: {idle: power('idle').number(30), limit: power('limit').orNull((item) => item.number())},
		clocks: {sm: clocks('sm').number(1980), memory: clocks('memory').number(2619)},
		fan: get('fan').boolean(false),
		cells: get('cells').record(),
	};
}

function readProcess(value: Value): ScenarioProcess {
	const get = value.object(processMembers);
	return {
		gpu: get('gpu').number(),
		pid: get('pid').number(undefined, {from: 1, whole: true}),
		name: get('name').string(),
		usedMemoryMiB: get('usedMemoryMiB').orNull((item) => item.number()),
		box: get('box').orNull((item) => item.string()),
	};
}

function readEvent(value: Value): ScenarioEvent {
	const get = value.object(eventMembers);
	const afterSeconds = get('afterSeconds').number();
	const kind = get('kind').oneOf(['lost', 'reset', 'recover', 'end', 'hang', 'exit']);
	switch (kind) {
		case 'lost':
		case 'reset':
		case 'recover':
			return {afterSeconds, kind, gpu: get('gpu').number()};
		case 'end':
			return {afterSeconds, kind, pid: get('pid').number()};
		case 'hang':
			return {afterSeconds, kind};
		case 'exit':
			return {
				afterSeconds,
				kind,
				text: get('text').string(''),
				exitCode: get('exitCode').number(255, {to: 255, whole: true}),
			};
	}
}

function readFailure(value: Value): ScenarioFailure {
	const get = value.object(['text', 'exitCode', 'stream']);
	return {
		text: get('text').string(),
		exitCode: get('exitCode').number(255, {to: 255, whole: true}),
		stream: get('stream').oneOf(['stdout', 'stderr'], 'stdout'),
	};
}

const boxMembers = ['name', 'owner', 'image', 'services', 'gpus', 'share', 'running', 'ageHours', 'log', 'logLines'];

function readBox(value: Value): ScenarioBox {
	const get = value.object(boxMembers);
	const services = new Value(get('services').value ?? ['jupyter'], get('services').where);
	const running = get('running').boolean(true);
	const offered = services.list((item) => item.oneOf(['jupyter', 'ssh']));
	return {
		name: get('name').string(),
		owner: get('owner').string(),
		image: get('image').string(),
		services: offered,
		gpus: get('gpus').list((item) => item.number()),
		share: get('share').boolean(false),
		running,
		ageHours: get('ageHours').number(1),
		log: get('log').oneOf(storyNames, offered.includes('jupyter') ? 'notebook' : 'quiet'),
		logLines: get('logLines').number(running ? 60 : 25, {to: 2000, whole: true}),
	};
}

function readHost(value: Value): ScenarioHost {
	const get = value.objectOrEmpty(['name', 'cpus', 'memoryGiB', 'diskGiB', 'diskFreeGiB']);
	return {
		name: get('name').string('hopper'),
		cpus: get('cpus').number(96, {from: 1, whole: true}),
		memoryGiB: get('memoryGiB').number(1024),
		diskGiB: get('diskGiB').number(7168),
		diskFreeGiB: get('diskFreeGiB').number(2458),
	};
}

const scenarioMembers = [
	'about',
	'driverVersion',
	'cudaVersion',
	'host',
	'person',
	'gpus',
	'processes',
	'boxes',
	'images',
	'unknownFields',
	'failure',
	'events',
	'startDelayMs',
];
const loadMembers = ['kind', 'utilization', 'low', 'high', 'periodSeconds', 'epochSeconds', 'offsetSeconds'];
const processMembers = ['gpu', 'pid', 'name', 'usedMemoryMiB', 'box'];
const eventMembers = ['afterSeconds', 'kind', 'gpu', 'pid', 'text', 'exitCode'];

/** Every member that a scenario, or a part of one, may have. */
export const members: ReadonlySet<string> = new Set(
	[scenarioMembers, gpuMembers, loadMembers, processMembers, boxMembers, eventMembers].flat(),
);

/**
A scenario from what a JSON file holds, with the defaults filled in.
@throws {ScenarioError} naming the place where it is not one
*/
export function parseScenario(json: unknown): Scenario {
	const get = new Value(json, 'scenario').object(scenarioMembers);
	const scenario: Scenario = {
		about: get('about').string(''),
		driverVersion: get('driverVersion').string('580.95.05'),
		cudaVersion: get('cudaVersion').string('13.0'),
		host: readHost(get('host')),
		person: get('person').string('dora'),
		gpus: get('gpus').list(readGpu),
		processes: get('processes').list(readProcess),
		boxes: get('boxes').list(readBox),
		images: get('images').list((item) => item.string()),
		unknownFields: get('unknownFields').list((item) => item.string()),
		failure: get('failure').orNull(readFailure),
		events: get('events').list(readEvent),
		startDelayMs: get('startDelayMs').number(0),
	};
	checkReferences(scenario);
	return scenario;
}
