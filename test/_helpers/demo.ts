import {type DemoHost, makeDemoHost} from '../../source/demo/host.ts';
import {readScenario, scenarioFile} from '../../source/demo/read-scenario.ts';
import type {ScenarioEvent} from '../../source/demo/scenario.ts';
import {answer} from '../../source/demo/smi-answers.ts';
import type {GpuFeed} from '../../source/gpu/feed.ts';
import {streamFields} from '../../source/gpu/fields.ts';
import {FrameBuilder} from '../../source/gpu/frames.ts';
import type {GpuFrame, GpuInventory, GpuNews} from '../../source/gpu/gpu.ts';

/** The moment at which the frozen host stands still. */
export const frozenAt = new Date('2026-11-20T12:00:00Z');

const frozen: DemoHost[] = [];
process.once('beforeExit', () => Promise.all(frozen.map((host) => host[Symbol.asyncDispose]())));

/** A made-up host on which nothing moves by itself and nothing takes time. It is gone when the tests of the file are over. */
export async function makeFrozenHost(scenario = 'workstation-8x-h100'): Promise<DemoHost> {
	const host = await makeDemoHost(scenarioFile(scenario), {pace: 0, alive: false, now: () => frozenAt});
	frozen.push(host);
	return host;
}

/** Brings the news that a test gives it, in place of a running nvidia-smi. */
export function makeFeed(): GpuFeed & {tell: (news: GpuNews) => void; stopped: boolean; refreshed: number} {
	const early: GpuNews[] = [];
	let listener = (news: GpuNews) => {
		early.push(news);
	};
	return {
		firstNews: Promise.resolve(),
		stopped: false,
		refreshed: 0,
		listen(next) {
			listener = next;
			for (const news of early.splice(0)) {
				next(news);
			}
		},
		refresh() {
			this.refreshed += 1;
		},
		async pause() {},
		resume() {},
		async stop() {
			this.stopped = true;
		},
		tell: (news) => listener(news),
	};
}

/** `count` H100s, the first half at work. */
export function inventoryOf(count: number, name = 'NVIDIA H100 80GB HBM3'): GpuInventory {
	return {
		driverVersion: '575.57.08',
		cudaVersion: '12.9',
		problems: [],
		gpus: Array.from({length: count}, (_, index) => ({
			index,
			uuid: `GPU-${String(index).padStart(8, '0')}`,
			name,
			busId: `00000000:${(16 + index).toString(16)}:00.0`,
			computeCapability: '9.0',
			memoryTotalMiB: 81_559,
			powerLimit: 700,
			migMode: false,
			persistenceMode: true,
			mig: [],
		})),
	};
}

/** What nvidia-smi shows of a scenario at these seconds of it, one reading each, also after events of the test's own. */
export function scenarioFrames(name: string, seconds: readonly number[], events: ScenarioEvent[] = []): GpuFrame[] {
	const scenario = readScenario(scenarioFile(name));
	scenario.events.push(...events);
	const reply = answer(scenario, [`--query-gpu=${streamFields}`, '--format=csv,noheader,nounits', '-lms', '1000']);
	if (reply.kind !== 'rows') {
		return [];
	}

	return seconds.map((second) => {
		const builder = new FrameBuilder(streamFields);
		for (const line of reply.at(second).text.split('\n')) {
			builder.add(line);
		}

		return builder.publish();
	});
}

/** A reading of every card but the ones left out. */
export function frameOf(inventory: GpuInventory, tick = 0, without: number[] = []): GpuFrame {
	return {
		messages: [],
		samples: inventory.gpus
			.filter(({index}) => !without.includes(index))
			.map(({index, uuid}) => {
				const busy = index < inventory.gpus.length / 2;
				return {
					index,
					uuid,
					utilization: busy ? 60 + ((tick * 7 + index * 5) % 40) : 0,
					memoryUtilization: busy ? 40 : 0,
					memoryUsedMiB: busy ? 52_000 + index * 1000 : 4,
					memoryTotalMiB: 81_559,
					temperature: busy ? 60 + index : 31,
					powerDraw: busy ? 500 + index * 10 : 68,
					powerLimit: 700,
					clockSm: busy ? 1980 : 345,
					clockMemory: 2619,
					fanSpeed: null,
					performanceState: 'P0',
					faulty: false,
				};
			}),
	};
}
