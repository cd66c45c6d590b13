import {heed} from '../../../base/abortable.ts';
import {createContainerFinder} from '../../../box/gpus/process-containers.ts';
import {isClaim, type NamedProcess, nameProcesses} from '../../../box/gpus/process-names.ts';
import type {GpuFeed} from '../../../gpu/feed.ts';
import type {GpuFrame, GpuProblem} from '../../../gpu/gpu.ts';
import {longestMs} from '../../../gpu/history/metrics.ts';
import {UtilizationHistory} from '../../../gpu/history/sparkline-history.ts';
import {viewGpus} from '../../../gpu/live.ts';
import {areKnown, watchProcesses} from '../../../gpu/processes.ts';
import type {Host} from '../../../host/host.ts';
import type {Past} from '../inspect/select-gpu.ts';
import type {GpuState} from '../model.ts';
import {type SessionStore, withFacts} from '../store.ts';
import {type GroundsToAsk, groundsOf, mayShowProcesses} from './process-grounds.ts';

/** As many as the widest curve can show. */
const historyLength = 240;
const processIntervalMs = 5000;

/** What is kept of the time before, and the clock. */
type Keeping = {past: Past; now: () => Date};

/** Puts the news of the GPUs into the facts. */
export function followGpus(feed: GpuFeed, store: SessionStore, {past, now}: Keeping): void {
	const history = new UtilizationHistory(historyLength);
	let frame: GpuFrame | undefined;
	let streamProblem: GpuProblem | undefined;
	let refreshedFor = '';
	let seen = false;

	const change = (update: Partial<GpuState> = {}) => {
		// What the user opened the session for is not held back with the rest.
		const isFirstLook = !seen && frame !== undefined;
		seen ||= isFirstLook;
		const publish = isFirstLook ? store.changeNow : store.change;
		publish(
			withFacts(({gpu}) => {
				const next = {...gpu, ...update};
				const readings = viewGpus(next.inventory?.gpus ?? [], frame).map((view) => ({
					...view,
					history: history.of(view.uuid),
				}));
				const problems = mergeProblems(next.inventory?.problems ?? [], streamProblem, readings.length > 0);
				const settled = next.inventory !== undefined && (readings.length === 0 || frame !== undefined);
				return {
					gpu: {
						...next,
						readings,
						problems,
						phase:
							readings.length > 0
								? 'live'
								: settled || problems.some(({code}) => code !== 'waking')
									? 'silent'
									: 'waiting',
					},
				};
			}),
		);
	};

	/** Cards that the inventory does not know: the driver was started, or a card came back, after it was asked. */
	const refreshFor = ({samples}: GpuFrame) => {
		const known = store.get().facts.gpu.inventory?.gpus;
		const strangers = samples.filter(({uuid}) => known?.every((gpu) => gpu.uuid !== uuid) ?? false);
		const names = strangers.map(({uuid}) => uuid).join();
		if (names !== refreshedFor) {
			refreshedFor = names;
			if (names !== '') {
				feed.refresh();
			}
		}
	};

	feed.listen((news) => {
		switch (news.kind) {
			case 'inventory': {
				change({inventory: news.inventory});
				break;
			}

			case 'frame': {
				frame = news.frame;
				history.add(frame);
				past.gpus.add(frame, frame.at ?? now().getTime());
				change();
				refreshFor(frame);
				break;
			}

			case 'problem': {
				streamProblem = news.problem;
				change();
				break;
			}
		}
	});
}

/** What the stream reports is newer than the inventory; the same thing is not shown twice. */
function mergeProblems(asked: GpuProblem[], streamed: GpuProblem | undefined, anyGpu: boolean): GpuProblem[] {
	if (streamed === undefined) {
		return asked;
	}

	const others = asked.filter(
		(problem) => problem.message !== streamed.message && (anyGpu || problem.code !== streamed.code),
	);
	return [streamed, ...others];
}

/** Keeps the list of processes, each with its box and its user where they can be known. */
export async function followProcesses(
	host: Host,
	store: SessionStore,
	{past, now, signal}: Keeping & {signal: AbortSignal},
): Promise<void> {
	let latest = 0;
	let asked: GroundsToAsk | undefined;
	const finder = createContainerFinder(host.engine, isClaim);
	await watchProcesses(host.nvidiaSmi, {
		signal,
		intervalMs: processIntervalMs,
		isDue() {
			const now = groundsOf(store.get().facts);
			const due = asked === undefined || mayShowProcesses(asked, now);
			asked = due ? now : asked;
			return due;
		},
		onList(list) {
			const {processes} = list;
			latest += 1;
			const mine = latest;
			const processesUnknown = !areKnown(list);
			const timeoutSignal = AbortSignal.any([signal, AbortSignal.timeout(processIntervalMs)]);
			const {box, gpu} = store.get().facts;
			const options = {finder, signal: timeoutSignal};
			void heed(nameProcesses(host, list, box.boxes, gpu.inventory?.gpus ?? [], options), timeoutSignal)
				// Whose they are is asked of the engine, which may not answer.
				.catch(() => processes.map((process) => ({...process, user: null, box: null, container: null})))
				.then((named) => {
					if (!signal.aborted && !processesUnknown) {
						past.processes.add(named, now().getTime(), longestMs);
					}

					const {gpu: before} = store.get().facts;
					const news = !sameProcesses(named, before.processes) || processesUnknown !== before.processesUnknown;
					if (mine === latest && !signal.aborted && news) {
						store.changeLazily(withFacts(({gpu}) => ({gpu: {...gpu, processes: named, processesUnknown}})));
					}
				});
		},
	});
}

function sameProcesses(a: NamedProcess[], b: NamedProcess[]): boolean {
	return JSON.stringify(a) === JSON.stringify(b);
}
