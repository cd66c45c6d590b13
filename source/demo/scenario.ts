/**
What a made-up machine is like: its cards, what they do, and what goes wrong with them. Only types and checks, and no
imports, for the stand-in of nvidia-smi loads it at every start.
*/

/** What a card does. Utilisation in percent, periods in seconds. */
export type Load =
	| {kind: 'idle'}
	| {kind: 'constant'; utilization: number}
	| {kind: 'wave'; low: number; high: number; periodSeconds: number}
	/** Busy, with a dip at the end of each epoch while it is evaluated and saved. */
	| {kind: 'training'; utilization: number; epochSeconds: number}
	/** Idle, with bursts: somebody at a notebook, or requests to a model. */
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
};

export type ScenarioProcess = {gpu: number; pid: number; name: string; usedMemoryMiB: number | null};

export type ScenarioEvent =
	| {afterSeconds: number; kind: 'lost' | 'reset' | 'recover'; gpu: number}
	/** nvidia-smi stays, and prints nothing any more. */
	| {afterSeconds: number; kind: 'hang'}
	| {afterSeconds: number; kind: 'exit'; text: string; exitCode: number};

/** nvidia-smi as a whole fails, whatever it is asked. */
export type ScenarioFailure = {text: string; exitCode: number; stream: 'stdout' | 'stderr'};

export type Scenario = {
	/** One line for people. */
	about: string;
	driverVersion: string;
	cudaVersion: string;
	gpus: ScenarioGpu[];
	processes: ScenarioProcess[];
	/** Fields that this driver rejects, besides those that no driver knows. */
	unknownFields: string[];
	failure: ScenarioFailure | null;
	events: ScenarioEvent[];
	/** How long nvidia-smi takes to its first output, as without persistence mode. */
	startDelayMs: number;
};

/** Says where in a scenario something is wrong. */
export class ScenarioError extends Error {
	override name = 'ScenarioError';
}

type Members = Record<string, unknown>;

/** One value and the way to it, to be read as what it should be. */
class Value {
	readonly value: unknown;
	readonly where: string;

	constructor(value: unknown, where: string) {
		this.value = value;
		this.where = where;
	}

	fail(expected: string): never {
		throw new ScenarioError(`${this.where} must be ${expected}, not ${JSON.stringify(this.value) ?? 'missing'}`);
	}

	string(fallback?: string): string {
		const value = this.value ?? fallback;
		return typeof value === 'string' ? value : this.fail('a text');
	}

	number(fallback?: number): number {
		const value = this.value ?? fallback;
		return typeof value === 'number' && Number.isFinite(value) ? value : this.fail('a number');
	}

	boolean(fallback: boolean): boolean {
		const value = this.value ?? fallback;
		return typeof value === 'boolean' ? value : this.fail('true or false');
	}

	/** `null` stays `null`; a missing value does too. */
	orNull<T>(read: (value: Value) => T): T | null {
		return this.value === null || this.value === undefined ? null : read(this);
	}

	list<T>(read: (item: Value) => T): T[] {
		const value = this.value ?? [];
		return Array.isArray(value)
			? value.map((item, position) => read(new Value(item, `${this.where}[${position}]`)))
			: this.fail('a list');
	}

	/** The members of an object; any other than the known ones is a mistake in writing. */
	object(known: readonly string[]): (key: string) => Value {
		const {value, where} = this;
		if (typeof value !== 'object' || value === null || Array.isArray(value)) {
			return this.fail('an object');
		}

		const members: Members = {...value};
		const strange = Object.keys(members).find((key) => !known.includes(key));
		if (strange !== undefined) {
			throw new ScenarioError(`${where} has an unknown member "${strange}"; known are ${known.join(', ')}`);
		}

		return (key) => new Value(members[key], `${where}.${key}`);
	}

	record(): Record<string, string> {
		const value = this.value ?? {};
		if (typeof value !== 'object' || value === null || Array.isArray(value)) {
			return this.fail('an object');
		}

		return Object.fromEntries(
			Object.entries(value).map(([key, item]) => [key, new Value(item, `${this.where}.${key}`).string()]),
		);
	}
}

function readLoad(value: Value): Load {
	const get = value.object(['kind', 'utilization', 'low', 'high', 'periodSeconds', 'epochSeconds']);
	const kind = get('kind').string();
	switch (kind) {
		case 'idle':
			return {kind};
		case 'constant':
			return {kind, utilization: get('utilization').number()};
		case 'wave':
			return {
				kind,
				low: get('low').number(0),
				high: get('high').number(100),
				periodSeconds: get('periodSeconds').number(60),
			};
		case 'training':
			return {kind, utilization: get('utilization').number(97), epochSeconds: get('epochSeconds').number(45)};
		case 'spiky':
			return {kind, high: get('high').number(80), periodSeconds: get('periodSeconds').number(20)};
		default:
			return get('kind').fail('idle, constant, wave, training or spiky');
	}
}

function readGpu(value: Value): ScenarioGpu {
	const get = value.object([
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
	]);
	const temperature = new Value(get('temperature').value ?? {}, get('temperature').where).object(['idle', 'busy']);
	const power = new Value(get('power').value ?? {limit: 300}, get('power').where).object(['idle', 'limit']);
	const clocks = new Value(get('clocks').value ?? {}, get('clocks').where).object(['sm', 'memory']);
	return {
		index: get('index').number(),
		uuid: get('uuid').string(),
		name: get('name').string(),
		busId: get('busId').string(),
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

function readEvent(value: Value): ScenarioEvent {
	const get = value.object(['afterSeconds', 'kind', 'gpu', 'text', 'exitCode']);
	const afterSeconds = get('afterSeconds').number();
	const kind = get('kind').string();
	switch (kind) {
		case 'lost':
		case 'reset':
		case 'recover':
			return {afterSeconds, kind, gpu: get('gpu').number()};
		case 'hang':
			return {afterSeconds, kind};
		case 'exit':
			return {afterSeconds, kind, text: get('text').string(''), exitCode: get('exitCode').number(255)};
		default:
			return get('kind').fail('lost, reset, recover, hang or exit');
	}
}

function readFailure(value: Value): ScenarioFailure {
	const get = value.object(['text', 'exitCode', 'stream']);
	const stream = get('stream').string('stdout');
	return {
		text: get('text').string(),
		exitCode: get('exitCode').number(255),
		stream: stream === 'stdout' || stream === 'stderr' ? stream : get('stream').fail('stdout or stderr'),
	};
}

/**
A scenario from what a JSON file holds, with the defaults filled in.
@throws {ScenarioError} naming the place where it is not one
*/
export function parseScenario(json: unknown): Scenario {
	const get = new Value(json, 'scenario').object([
		'about',
		'driverVersion',
		'cudaVersion',
		'gpus',
		'processes',
		'unknownFields',
		'failure',
		'events',
		'startDelayMs',
	]);
	return {
		about: get('about').string(''),
		driverVersion: get('driverVersion').string('580.95.05'),
		cudaVersion: get('cudaVersion').string('13.0'),
		gpus: get('gpus').list(readGpu),
		processes: get('processes').list((item) => {
			const member = item.object(['gpu', 'pid', 'name', 'usedMemoryMiB']);
			return {
				gpu: member('gpu').number(),
				pid: member('pid').number(),
				name: member('name').string(),
				usedMemoryMiB: member('usedMemoryMiB').orNull((value) => value.number()),
			};
		}),
		unknownFields: get('unknownFields').list((item) => item.string()),
		failure: get('failure').orNull(readFailure),
		events: get('events').list(readEvent),
		startDelayMs: get('startDelayMs').number(0),
	};
}
