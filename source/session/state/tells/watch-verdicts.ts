import type {Box} from '../../../box/box.ts';
import {whyUnusable} from '../../../gpu/state.ts';
import type {Host} from '../../../host/host.ts';
import type {Facts, GpuReading} from '../model.ts';
import {onChange, type SessionStore, withFacts} from '../store.ts';
import {type CardSample, CardWindow} from './card-window.ts';
import {nothingYet, type Steady, steady} from './steady.ts';
import {type BoxEvidence, judgeBox, sawtoothCards, type Verdict} from './verdict.ts';

const patience = {
	raiseMs: 5000,
	clearMs: 15_000,
	isSame: (a: Verdict, b: Verdict) => a.code === b.code && a.text === b.text,
};

/** How often the CPUs of a box are asked for, while that can make a difference. */
const cpuEveryMs = 15_000;
/** An answer that takes longer is none. */
const cpuPatienceMs = 4000;
/** Older than this it says nothing about now. */
const cpuValidMs = 60_000;

type Kept = {
	windows: Map<string, CardWindow>;
	verdicts: Map<string, Steady<Verdict>>;
	/** CPUs kept busy, by box. */
	cpu: Map<string, {busy: number | null; askedAt: number}>;
};

/** Keeps the verdict on every box that holds GPUs: from readings that come anyway, and for a suspected data loader from the engine's statistics. */
export function followVerdicts(
	host: Host,
	store: SessionStore,
	signal: AbortSignal,
	clock = () => performance.now(),
): void {
	const kept: Kept = {windows: new Map(), verdicts: new Map(), cpu: new Map()};
	onChange(
		store,
		({facts}) => facts.gpu.readings,
		(readings) => {
			if (signal.aborted) {
				return;
			}

			const atMs = clock();
			const {facts} = store.get();
			addSamples(kept.windows, readings, facts, atMs);
			const boxes = facts.box.boxes.filter((box) => box.state === 'running' && box.gpus.length > 0);
			for (const box of boxes) {
				judge(box, facts, kept, atMs);
				askCpu(box, {host, store, signal, kept, atMs});
			}

			forgetOthers(kept, boxes);
			publish(store, kept);
		},
	);
}

function addSamples(windows: Kept['windows'], readings: readonly GpuReading[], {gpu}: Facts, atMs: number): void {
	for (const reading of readings) {
		const window = windows.get(reading.uuid) ?? new CardWindow();
		windows.set(reading.uuid, window);
		const listed = gpu.processes.filter(({gpuUuid}) => gpuUuid === reading.uuid).length;
		window.add(sampleOf(reading, gpu.processesUnknown ? null : listed), atMs);
	}

	for (const uuid of windows.keys()) {
		if (!readings.some((reading) => reading.uuid === uuid)) {
			windows.delete(uuid);
		}
	}
}

function sampleOf(reading: GpuReading, processes: number | null): CardSample {
	const {utilization, memoryUsedMiB, memoryTotalMiB, powerDraw, powerLimit, temperature, clockSm} = reading;
	const {throttleReasons = null, pcieWidth = null} = reading;
	return {
		utilization,
		memoryUsedMiB,
		memoryTotalMiB,
		powerDraw,
		powerLimit,
		temperature,
		clockSm,
		throttleReasons,
		pcieWidth,
		processes,
	};
}

function judge(box: Box, facts: Facts, kept: Kept, atMs: number): void {
	const evidence = evidenceOf(box, facts, kept, atMs);
	const found = evidence && judgeBox(evidence);
	const next = steady(kept.verdicts.get(box.id) ?? nothingYet, found, atMs, patience);
	kept.verdicts.set(box.id, next);
}

/** Undefined where one of its cards is not among those that are read: too little is known. */
function evidenceOf(box: Box, {gpu, host}: Facts, {windows, cpu}: Kept, atMs: number): BoxEvidence | undefined {
	const cards = box.gpus.map((held) => {
		const reading = gpu.readings.find(({uuid, mig}) => uuid === held || mig.some((slice) => slice.uuid === held));
		return reading && {held, reading};
	});
	if (cards.some((card) => card === undefined)) {
		return undefined;
	}

	const known = cpu.get(box.id);
	const busy = known !== undefined && atMs - known.askedAt <= cpuValidMs ? known.busy : null;
	const available = host?.cpuCount ?? null;
	return {
		shared: box.shareGpus,
		processesListed: gpu.processes.length > 0,
		cpu: busy === null || available === null ? null : {busy, available},
		cards: cards.flatMap((card) => (card === undefined ? [] : [cardOf(card, windows)])),
	};
}

function cardOf({held, reading}: {held: string; reading: GpuReading}, windows: Kept['windows']) {
	const {uuid, index, clockSmMax = null, powerDefault = null, pcieWidthMax = null} = reading;
	return {
		index,
		sliced: held !== uuid,
		unusable: reading.unread ? undefined : whyUnusable(reading),
		samples: windows.get(uuid)?.samples ?? [],
		clockSmMax,
		powerDefault,
		pcieWidthMax,
	};
}

type Asking = {host: Host; store: SessionStore; signal: AbortSignal; kept: Kept; atMs: number};

/** Only of a box whose load goes up and down, and while the user is there to see what follows from it. */
function askCpu(box: Box, {host, store, signal, kept, atMs}: Asking): void {
	const {facts} = store.get();
	const asked = kept.cpu.get(box.id);
	const evidence = evidenceOf(box, facts, kept, atMs);
	if (facts.lent || evidence === undefined || sawtoothCards(evidence).length === 0) {
		return;
	}

	if (asked !== undefined && atMs - asked.askedAt < cpuEveryMs) {
		return;
	}

	kept.cpu.set(box.id, {busy: asked?.busy ?? null, askedAt: atMs});
	void readCpu(host, box, signal).then((busy) => {
		kept.cpu.set(box.id, {busy, askedAt: atMs});
	});
}

/** Whole CPUs that a box keeps busy; null where the engine does not tell. */
async function readCpu({engine}: Host, {id}: Box, signal: AbortSignal): Promise<number | null> {
	try {
		const timeoutSignal = AbortSignal.any([signal, AbortSignal.timeout(cpuPatienceMs)]);
		for await (const {cpuPercent} of engine.stats(id, {signal: timeoutSignal})) {
			return cpuPercent === null ? null : cpuPercent / 100;
		}
	} catch {
		// The box has ended, or the engine does not answer, which the list of boxes shows.
	}

	return null;
}

function forgetOthers({verdicts, cpu}: Kept, boxes: readonly Box[]): void {
	for (const kept of [verdicts, cpu]) {
		for (const id of kept.keys()) {
			if (!boxes.some((box) => box.id === id)) {
				kept.delete(id);
			}
		}
	}
}

function publish(store: SessionStore, {verdicts}: Kept): void {
	const shown = [...verdicts].flatMap(([id, {shown: verdict}]) =>
		verdict === undefined ? [] : [[id, verdict] as const],
	);
	const before = store.get().facts.tells.verdicts;
	if (shown.length !== before.size || shown.some(([id, verdict]) => before.get(id) !== verdict)) {
		store.change(withFacts(({tells}) => ({tells: {...tells, verdicts: new Map(shown)}})));
	}
}
