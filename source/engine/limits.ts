/**
How long and how large anything may be that comes from the engine or from a box. docs/limits.md shows the same numbers; a test holds
the two together.
*/

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** What an answer of the engine may take. */
export type Limit = {
	/** What was asked for, in messages. */
	question: string;
	/** Until the whole answer is there; of a stream, until it begins. Missing: as long as it takes. */
	seconds?: number;
	/** The longest silence within a stream. Missing: as long as it takes. */
	idleSeconds?: number;
	/** The largest answer; of a stream, its largest message. */
	bytes: number;
	/** After how long the user is notified that the engine is silent; missing for operations that may take long. */
	noticeSeconds?: number;
};

/** Kept small, because JSON of 16 MiB can become 20 times as much in memory. */
const list = {seconds: 30, bytes: 16 * mebibyte, noticeSeconds: 5};
const look = {seconds: 30, bytes: 2 * mebibyte, noticeSeconds: 5};
const change = {seconds: 120, bytes: mebibyte, noticeSeconds: 30};

const engineLimits = {
	containers: {question: 'list of containers', ...list},
	images: {question: 'list of images', ...list},
	diskUsage: {question: 'disk usage of the engine', ...list, seconds: 180, noticeSeconds: 30},
	info: {question: 'description of the engine', ...look},
	container: {question: 'description of a container', ...look},
	image: {question: 'description of an image', ...look},
	changes: {question: 'changed files of a container', ...list},
	processes: {question: 'processes of a container', ...look},
	fileState: {question: 'state of a file in a container', ...look},
	file: {question: 'file in a container', ...look},
	putFiles: {question: 'putting files into a container', ...look},
	create: {question: 'creating a container', ...change},
	start: {question: 'starting a container', ...change},
	/** Added to the time that the container's programs get. */
	stop: {question: 'stopping a container', ...change, seconds: 30},
	kill: {question: 'sending a signal to a container', ...change},
	rename: {question: 'renaming a container', ...change},
	remove: {question: 'removing a container', ...change},
	tag: {question: 'naming an image', ...look},
	removeImage: {question: 'removing an image', ...change},
	/** The engine asks the registry, which may be slow. */
	registry: {question: 'digest of an image in its registry', ...look, noticeSeconds: 10},
	command: {question: 'starting a command in a container', ...look},
	commandResult: {question: 'result of a command in a container', ...look},
	resize: {question: 'resizing a terminal', ...look},
	wait: {question: 'end of a container', bytes: mebibyte},
	attach: {question: 'attaching to a container', ...look},
	logs: {question: 'log of a container', seconds: 30, noticeSeconds: 5, bytes: mebibyte},
	stats: {question: 'use of a container', idleSeconds: 60, bytes: mebibyte},
	events: {question: 'events', seconds: 30, noticeSeconds: 5, bytes: mebibyte},
	pull: {question: 'pull of an image', idleSeconds: 600, bytes: mebibyte},
	push: {question: 'push of an image', idleSeconds: 600, bytes: mebibyte},
	services: {question: 'services of a swarm', ...look},
	changeService: {question: 'changing a service of a swarm', ...change},
	// A step of a build may say nothing while it downloads or compiles.
	build: {question: 'build of an image', idleSeconds: 1800, bytes: mebibyte},
} satisfies Record<string, Limit>;

export type EngineQuestion = keyof typeof engineLimits;
export type EngineLimits = Record<EngineQuestion, Limit>;

export const defaultLimits: EngineLimits = engineLimits;

/** Seconds that a container's programs get to end when nothing else was said; gpubox sets the same on every box. */
export const stopSeconds = 30;

/** Seconds after Ctrl-C for a change that is on its way, and for each call that cleans up. A second Ctrl-C waits for nothing. */
export const afterInterrupt = {onItsWay: 3, cleaningUp: 10};

/** Bytes of an answer that refuses, of which the engine's reason is read. */
export const refusalBytes = 64 * kibibyte;

/** Characters of a foreign reason that are shown. */
export const reasonLength = 500;

/** The most values (objects, lists, members) of one JSON answer: a small text can become very large in memory. */
export const jsonValues = 1_000_000;

/** Bytes of a file that is read out of a container, unless its reader says otherwise. */
export const fileBytes = mebibyte;

/** Bytes that a command without a terminal may print where all of it is kept. */
export const outputBytes = 4 * mebibyte;

/** Bytes of a file of Docker's own configuration. */
export const configBytes = mebibyte;

/** Seconds that a command of gpubox's own in a box may take, such as writing a notice into its log. */
export const ownCommandSeconds = 60;

/** Characters of a line of a log or a build: a program that never ends its line must not fill the memory. */
export const lineLength = 16 * kibibyte;

/** What an answer of a box's own service may take, such as Jupyter. Who waits for one to start asks again after less. */
export const serviceLimit = {seconds: 10, bytes: mebibyte};
