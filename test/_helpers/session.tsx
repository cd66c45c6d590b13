import type {DemoHost} from '../../source/demo/host.ts';
import type {GpuInventory} from '../../source/gpu/gpu.ts';
import {readInventory} from '../../source/gpu/inventory.ts';
import {App} from '../../source/session/app.tsx';
import {createSession, type Session, type SessionOptions} from '../../source/session/session.ts';
import {withFacts} from '../../source/session/state/store.ts';
import type {UseCases} from '../../source/session/state/use-cases.ts';
import {frozenAt, makeFeed, makeFrozenHost, scenarioFrames} from './demo.ts';
import {type Rendered, render} from './render.tsx';

export type Shown = Rendered & {
	/** The same as `waitFor`, with all in the log that the chosen box wrote so far. */
	waitForWhole(expected: RegExp): Promise<string>;
	session: Session;
	host: DemoHost;
	feed: ReturnType<typeof makeFeed>;
};

/** The seconds of the scenario that a session has seen when it is shown: enough for every curve of the size that most sit at. */
const seenSeconds = Array.from({length: 40}, (_, place) => place);

// What is copied goes to the terminal of the test, not into the tmux or screen that the tests run in.
delete process.env.TMUX;
delete process.env.STY;

/** What the driver says once of a scenario's cards: asking for each test takes two processes and half of its time. */
const inventories = new Map<string, Promise<GpuInventory>>();

function inventoryOf(scenario: string, {nvidiaSmi}: DemoHost): Promise<GpuInventory> {
	const known = inventories.get(scenario) ?? readInventory(nvidiaSmi);
	inventories.set(scenario, known);
	return known;
}

/** Nothing of the host that the tests run on. */
export const noUseCases: UseCases = {
	up: fail,
	pull: fail,
	images: fail,
	setup: fail,
	otherFolder: fail,
	endOfRun: fail,
	hosts: fail,
	runsElsewhere: async () => [],
	disk: fail,
	checkHost: fail,
	listSettings: fail,
	changeSetting: fail,
	sessionSettings: fail,
	findProcess: fail,
	processLoad: async () => undefined,
	async keepHistory() {},
	signalProcess: fail,
	idleLimits: async () => ({warnAfterMs: undefined, stopAfterMs: undefined}),
};

async function fail(): Promise<never> {
	throw new Error('This test does not replace what it calls.');
}

type Options = Partial<Omit<SessionOptions, 'useCases'>> & {
	/** In place of what the session would do. */
	useCases?: Partial<UseCases>;
	scenario?: string;
	prepare?: (host: DemoHost) => void;
	gpus?: boolean;
};

/** The whole session on a demo host on which nothing moves, at the fortieth second of its scenario. */
export async function showSession(
	t: {after: (end: () => Promise<void>) => unknown},
	size: {columns: number; rows: number},
	options: Options = {},
): Promise<Shown> {
	const {scenario = 'workstation-8x-h100', prepare, gpus = true, useCases = {}, ...rest} = options;
	const host = await makeFrozenHost(scenario);
	prepare?.(host);
	const feed = makeFeed();
	if (gpus) {
		const inventory = await inventoryOf(scenario, host);
		feed.tell({kind: 'inventory', inventory});
		for (const [place, frame] of scenarioFrames(scenario, seenSeconds).entries()) {
			const at = frozenAt.getTime() - (seenSeconds.length - 1 - place) * 1000;
			feed.tell({kind: 'frame', frame: {...frame, at}});
		}
	}

	const session = createSession(host, feed, {
		folder: '/home/dora/thesis',
		useCases: {...noUseCases, ...useCases},
		readHost: host.readHost,
		now: () => frozenAt,
		...rest,
	});
	const shown = render(<App session={session} />, size);
	t.after(async () => {
		shown.unmount();
		await session.stop();
		await host[Symbol.asyncDispose]();
	});
	const waitForWhole = async (expected: RegExp) => {
		await shown.waitFor(expected);
		let written = 0;
		for await (const {data} of host.engine.logs(session.store.get().facts.log.boxId ?? '', {tail: 1000})) {
			written += data.toString().split('\n').length - 1;
		}

		while (session.log.end < written) {
			await new Promise((resolve) => setImmediate(resolve));
		}

		session.store.changeNow(withFacts(({log}) => ({log: {...log, version: log.version + 1}})));
		return shown.waitFor(expected);
	};

	return {...shown, waitForWhole, session, host, feed};
}

/** The last five minutes of a scenario, for the screens that show the past. */
export function rememberMinutes({past}: Session, scenario = 'workstation-8x-h100'): void {
	const seconds = Array.from({length: 260}, (_, second) => second);
	for (const [second, frame] of scenarioFrames(scenario, seconds).entries()) {
		past.gpus.add(frame, frozenAt.getTime() - (299 - second) * 1000);
	}
}
