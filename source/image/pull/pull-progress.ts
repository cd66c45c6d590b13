/** The progress of a pull: turns the engine's messages into layers, bytes, speed and time left. */
import type {PullProgress} from '../../engine/engine.ts';
import {safeText} from '../../text/safe.ts';

type LayerState = 'waiting' | 'downloading' | 'retrying' | 'downloaded' | 'extracting' | 'done' | 'exists';

export type Layer = {
	id: string;
	state: LayerState;
	/** Bytes on this machine now; falls back to 0 when a transfer starts over. */
	receivedBytes: number;
	/** The most that was ever received: what is shown, so that a retry does not run backwards. */
	shownBytes: number;
	/** Null until the engine reports it. */
	totalBytes: number | null;
};

export type PullState = {
	/** In the order in which the engine named them. */
	layers: ReadonlyMap<string, Layer>;
	/** The engine's last status of the whole pull. Made safe. */
	status: string;
	/** The expected size of the pull, from the catalogue; null when unknown. */
	expectedBytes: number | null;
	/** All bytes that came over the wire, those of broken transfers too. */
	transferredBytes: number;
	/** The window that the speed is measured over, oldest first. */
	window: ReadonlyArray<{at: number; bytes: number}>;
	/** The greatest total shown so far. */
	totalBytes: number;
};

export type PullSummary = {
	layersDone: number;
	layers: number;
	receivedBytes: number;
	/** Of the layers whose size is known; null before the first. Never less than before, nor than what was received. */
	totalBytes: number | null;
	/** The size of every layer is known: the total is that of the pull. */
	totalIsFinal: boolean;
	/** Over the last ten seconds; null until a second of it was seen. */
	bytesPerSecond: number | null;
	/** Null while the speed or the size of a layer is not known. */
	secondsLeft: number | null;
	phase: 'preparing' | 'downloading' | 'extracting' | 'done';
};

const windowMs = 10_000;

export function startPull(expectedBytes: number | null = null): PullState {
	return {layers: new Map(), status: '', expectedBytes, transferredBytes: 0, window: [], totalBytes: 0};
}

function size(bytes: number | undefined): number | undefined {
	return bytes !== undefined && Number.isFinite(bytes) && bytes >= 0 ? bytes : undefined;
}

const states: ReadonlyArray<readonly [RegExp, LayerState]> = [
	[/^Already exists/i, 'exists'],
	[/^Pull complete|^Mounted from/i, 'done'],
	[/^Extracting/i, 'extracting'],
	[/^Download complete|^Verifying Checksum/i, 'downloaded'],
	[/^Retrying/i, 'retrying'],
	[/^Downloading/i, 'downloading'],
	[/^Waiting|^Pulling fs layer|^Preparing/i, 'waiting'],
];

const complete: ReadonlySet<LayerState> = new Set(['downloaded', 'extracting', 'done']);

function advance(layer: Layer, state: LayerState, {currentBytes, totalBytes}: PullProgress): Layer {
	// Some engines extract while the last bytes arrive, and report late: a layer that is done stays done.
	if (layer.state === 'done' || layer.state === 'exists') {
		return layer;
	}

	// While it extracts, the numbers are those of the unpacking, in bytes or in seconds.
	const total = state === 'downloading' ? size(totalBytes) || layer.totalBytes : layer.totalBytes;
	let receivedBytes = layer.receivedBytes;
	if (state === 'downloading') {
		receivedBytes = Math.min(size(currentBytes) ?? receivedBytes, total ?? Number.POSITIVE_INFINITY);
	} else if (state === 'retrying') {
		receivedBytes = 0;
	} else if (complete.has(state)) {
		receivedBytes = total ?? receivedBytes;
	}

	return {
		...layer,
		state,
		totalBytes: total,
		receivedBytes,
		shownBytes: Math.max(layer.shownBytes, receivedBytes),
	};
}

function sum(layers: Iterable<Layer>, of: (layer: Layer) => number): number {
	let total = 0;
	for (const layer of layers) {
		total += of(layer);
	}

	return total;
}

/** One message further. `at` is milliseconds of any clock that only goes forward. Never throws, whatever the message. */
export function reducePull(state: PullState, progress: PullProgress, at: number): PullState {
	if (progress.layer === undefined) {
		return {...state, status: safeText(progress.status).slice(0, 200)};
	}

	const id = safeText(progress.layer).slice(0, 64);
	const status = safeText(progress.status);
	const next = states.find(([pattern]) => pattern.test(status))?.[1];
	// `latest: Pulling from library/python` has a tag in the place of a layer.
	if (next === undefined || id === '') {
		return {...state, status: status.slice(0, 200)};
	}

	const before = state.layers.get(id) ?? {id, state: 'waiting', receivedBytes: 0, shownBytes: 0, totalBytes: null};
	const layer = advance(before, next, progress);
	const layers = new Map(state.layers).set(id, layer);
	const transferredBytes = state.transferredBytes + Math.max(0, layer.receivedBytes - before.receivedBytes);
	return {
		...state,
		layers,
		transferredBytes,
		window: [
			...state.window.filter((sample) => at - sample.at <= windowMs && sample.at < at),
			{at, bytes: transferredBytes},
		],
		totalBytes: Math.max(
			state.totalBytes,
			sum(layers.values(), (each) => Math.max(each.totalBytes ?? 0, each.shownBytes)),
		),
	};
}

/** What to show at `now`, of the same clock as above. */
export function summarizePull(state: PullState, now: number): PullSummary {
	const layers = [...state.layers.values()];
	const done = layers.filter((layer) => layer.state === 'done' || layer.state === 'exists').length;
	const sizesKnown = layers.every(
		(layer) => layer.totalBytes !== null || layer.state === 'exists' || complete.has(layer.state),
	);
	const downloaded = layers.every((layer) => layer.state === 'exists' || complete.has(layer.state));
	// An estimate must not be shown as the total, which would shrink once it is known; for the time left it will do.
	const expected = sizesKnown ? state.totalBytes : Math.max(state.totalBytes, state.expectedBytes ?? 0);
	const first = state.window.find((sample) => now - sample.at <= windowMs);
	const elapsed = first ? (now - first.at) / 1000 : 0;
	const bytesPerSecond = first && elapsed >= 1 ? (state.transferredBytes - first.bytes) / elapsed : null;
	const left = expected - sum(layers, ({receivedBytes}) => receivedBytes);
	const canTell = bytesPerSecond !== null && bytesPerSecond > 0 && (sizesKnown || state.expectedBytes !== null);
	return {
		layersDone: done,
		layers: layers.length,
		receivedBytes: sum(layers, ({shownBytes}) => shownBytes),
		totalBytes: state.totalBytes > 0 ? state.totalBytes : null,
		totalIsFinal: sizesKnown && layers.length > 0,
		bytesPerSecond,
		secondsLeft: downloaded && layers.length > 0 ? 0 : canTell ? Math.max(0, left / bytesPerSecond) : null,
		phase:
			layers.length === 0 ? 'preparing' : done === layers.length ? 'done' : downloaded ? 'extracting' : 'downloading',
	};
}
