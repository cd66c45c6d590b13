import {render} from 'ink';
import {exitCode} from '../base/failure.ts';
import {loseTerminal} from '../base/process/interrupts.ts';
import {type GpuFeed, startGpuFeed} from '../gpu/feed.ts';
import type {Host} from '../host/host.ts';
import {explain} from '../host/remedies.ts';
import {safeLogLine} from '../text/safe.ts';
import {App} from './app.tsx';
import {dieOf, startJobControl} from './job-control.ts';
import type {Wishes} from './look/detect.ts';
import {withoutMouse} from './mouse/mouse-event.ts';
import {repaintOnResize} from './repaint.ts';
import {createSession, type Session, type SessionOptions} from './session.ts';
import {GoToHost, wantsDemo, wantsReturn} from './state/effects.ts';
import {hasMouse, withMouse} from './state/mouse/mouse-modes.ts';
import {dress} from './theme.ts';
import type {Tour} from './tour/index.tsx';

export type {Verb} from './state/palette/palette.ts';
export type {UseCases} from './state/use-cases.ts';

export type RunOptions = Omit<SessionOptions, 'demoOffered'> & {
	/** How it is to look; detected unless set. */
	look?: Wishes;
	/** Of `startGpuFeed`, when the caller has started it already. */
	feed?: GpuFeed;
	/** Makes the demo host, with the use cases that differ there. Offered where GPU or engine is missing. */
	demo?: () => Promise<OtherHost & {host: AsyncDisposable}>;
	/** Opens another host, to go over to; by its name in the list of hosts and what `--host` takes for it. */
	openOther?: (to: {name: string; address: string}) => Promise<OtherHost>;
};

/** What the user set for their sessions: the same object on every host that they go to, so that a change goes along. */
type Personal = Pick<RunOptions, 'look' | 'alert' | 'own'>;

/** A host to go to, with what differs there. */
type OtherHost = {host: Host & Partial<AsyncDisposable>; options: Omit<RunOptions, 'feed' | 'demo' | 'look'>};

type Outcome =
	| {kind: 'left'}
	| {kind: 'demo'}
	| {kind: 'return'}
	| {kind: 'go'; to: GoToHost; tour: Tour | undefined}
	| {kind: 'signal'; code: number}
	| {kind: 'broken'};

/** The exit codes that a shell expects of a program ended by such a signal. */
const signals = {SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131, SIGINT: exitCode.interrupted} as const;

/**
Runs the terminal session until the user leaves it. Needs a terminal on both sides.

@returns the code to exit with: 0, 1 when the session broke (the reason is on stderr), 128 + n after a signal
*/
export async function runSession(host: Host, {look, alert, own, ...options}: RunOptions): Promise<number> {
	process.stdin.on('error', loseTerminal);
	return runUntilLeft(host, options, {...(look && {look}), ...(alert && {alert}), ...(own && {own})});
}

async function runUntilLeft(host: Host, options: RunOptions, personal: Personal): Promise<number> {
	let {feed, tour} = options;
	for (;;) {
		const here = {...options, feed: feed ?? startGpuFeed(host.nvidiaSmi), ...(tour && {tour})};
		const ended = await runHere(host, here, personal);
		if (typeof ended === 'number') {
			return ended;
		}

		feed = undefined;
		tour = ended.tour;
	}
}

/** The user went to another host and came back; the tour goes on where it was. */
type Returned = {tour: Tour | undefined};

/** @returns the code to exit with */
async function runHere(
	host: Host,
	options: RunOptions & {feed: GpuFeed},
	personal: Personal,
): Promise<number | Returned> {
	const {demo, feed, openOther, ...rest} = options;
	const outcome = await runOnce(host, feed, personal, {
		...rest,
		demoOffered: demo !== undefined,
		hostsOffered: openOther !== undefined,
	});
	switch (outcome.kind) {
		case 'left': {
			return exitCode.done;
		}

		case 'broken': {
			return exitCode.failed;
		}

		case 'signal': {
			return outcome.code;
		}

		case 'return': {
			return {tour: undefined};
		}

		case 'go': {
			if (openOther === undefined) {
				return exitCode.done;
			}

			const ended = await goOver(await openOther(outcome.to), openOther, personal);
			return typeof ended === 'number' ? ended : {tour: outcome.tour};
		}

		case 'demo': {
			if (demo === undefined) {
				return exitCode.done;
			}

			const made = await demo();
			await using _ = made.host;
			return await runUntilLeft(made.host, made.options, personal);
		}
	}
}

/** The session on another host. From there one goes further, or returns to this one. */
async function goOver(
	{host, options}: OtherHost,
	openOther: RunOptions['openOther'],
	personal: Personal,
): Promise<number | Returned> {
	try {
		// From a third host one is back on the first at once.
		const here = {...options, cameOver: true, feed: startGpuFeed(host.nvidiaSmi)};
		return await runHere(host, {...(openOther ? {openOther} : {}), ...here}, personal);
	} finally {
		await host[Symbol.asyncDispose]?.();
	}
}

/** What is said when the session broke: one line each for what and what to do, and what led to it only where that is asked for. */
export function brokenText(error: unknown, debug: boolean): string {
	const {message, fix} = explain(error);
	const stack = debug && error instanceof Error ? (error.stack ?? '').split('\n').map(safeLogLine) : [];
	return [`gpubox: ${message}`, ...(fix === '' ? [] : [`  → ${fix}`]), ...stack, ''].join('\n');
}

function outcomeOf(result: unknown, {tour, store}: Session): Outcome {
	if (result instanceof GoToHost) {
		return {kind: 'go', to: result, tour: tour && {...tour, first: store.get().view.tour ?? tour.first}};
	}

	return {kind: result === wantsDemo ? 'demo' : result === wantsReturn ? 'return' : 'left'};
}

async function runOnce(host: Host, feed: GpuFeed, personal: Personal, options: SessionOptions): Promise<Outcome> {
	const {look = {}, ...others} = personal;
	const {stdout: dressed, redress} = dress(process.stdout, look);
	const mouse = look.mouse === 'on' && hasMouse(process.env);
	const stdout = withMouse(dressed, mouse);
	const session = createSession(host, feed, {
		...others,
		...options,
		mouse,
		onSettings({look: changed, alert, own}) {
			Object.assign(personal, {look: changed, alert, own});
			redress(changed);
			setImmediate(repainting.repaint);
		},
	});
	// Before the first frame: from then on any key may be pressed, and Ctrl-Z is a signal until Ink reads the keys.
	let ended: Outcome | undefined;
	const handlers = (Object.keys(signals) as Array<keyof typeof signals>).map((name) => {
		const handler = () => {
			if (jobControl.isStopped()) {
				dieOf(name);
			}

			// A terminal sends it to all in its foreground: it is meant for what has the terminal.
			if (name === 'SIGINT' && session.store.get().facts.lent) {
				return;
			}

			ended ??= {kind: 'signal', code: signals[name]};
			app.unmount();
		};
		process.on(name, handler);
		return {name, handler};
	});

	const jobControl = startJobControl((work) =>
		session.standAside(async () => {
			// Its output would fill the pipe, and keep the GPUs from their idle state.
			await feed.pause();
			await work();
			feed.resume();
		}),
	);

	// Ink does it after the first frame: the terminal would print a key that is pressed before, over the frame.
	process.stdin.setRawMode?.(true);
	const app = render(<App session={session} />, {
		stdout,
		stdin: withoutMouse(process.stdin, session.point),
		alternateScreen: true,
		incrementalRendering: true,
		exitOnCtrlC: false,
		// A terminal is one also where a variable named CI is set.
		interactive: true,
		patchConsole: true,
		maxFps: 20,
	});
	const repainting = repaintOnResize(stdout, {
		clear: app.clear,
		draw: () => app.rerender(<App session={session} />),
		isOurs: () => !session.store.get().facts.lent && !jobControl.isStopped(),
	});

	try {
		const result = await app.waitUntilExit();
		return ended ?? outcomeOf(result, session);
	} catch (error) {
		// Ink prints an error on the alternate screen only, which is gone the next moment.
		process.stderr.write(brokenText(error, process.env.GPUBOX_DEBUG === '1'));
		return {kind: 'broken'};
	} finally {
		for (const {name, handler} of handlers) {
			process.off(name, handler);
		}

		if (ended?.kind === 'signal') {
			// A terminal that is lost is told by the system, by the shell and by the output. The rest tidies up.
			process.on('SIGHUP', () => {});
		}

		repainting.end();
		process.stdin.setRawMode?.(false);
		jobControl.end();
		await session.stop();
	}
}
