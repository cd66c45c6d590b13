import {render} from 'ink';
import {exitCode} from '../base/failure.ts';
import {type GpuFeed, startGpuFeed} from '../gpu/feed.ts';
import type {Host} from '../host/host.ts';
import {App} from './app.tsx';
import {dieOf, startJobControl} from './job-control.ts';
import {createSession, type SessionOptions} from './session.ts';
import {wantsDemo} from './state/effects.ts';

export type {UseCases} from './state/use-cases.ts';

export type RunOptions = Omit<SessionOptions, 'demoOffered' | 'now'> & {
	/** Of `startGpuFeed`, when the caller has started it already. */
	feed?: GpuFeed;
	/** Makes the demo host, with the use cases that differ there. Offered where GPU or engine is missing. */
	demo?: () => Promise<{host: Host & AsyncDisposable; options: Omit<RunOptions, 'feed' | 'demo'>}>;
};

type Outcome = {kind: 'left'} | {kind: 'demo'} | {kind: 'signal'; code: number} | {kind: 'broken'};

/** The exit codes that a shell expects of a program ended by such a signal. */
const signals = {SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131, SIGINT: exitCode.interrupted} as const;

/**
Runs the terminal session until the user leaves it. Needs a terminal on both sides.

@returns the code to exit with: 0, 1 when the session broke (the reason is on stderr), 128 + n after a signal
*/
export async function runSession(host: Host, options: RunOptions): Promise<number> {
	const {demo, feed, ...rest} = options;
	const outcome = await runOnce(host, feed ?? startGpuFeed(host.nvidiaSmi), {...rest, demoOffered: demo !== undefined});
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

		case 'demo': {
			if (demo === undefined) {
				return exitCode.done;
			}

			const made = await demo();
			await using _ = made.host;
			return await runSession(made.host, made.options);
		}
	}
}

async function runOnce(host: Host, feed: GpuFeed, options: SessionOptions): Promise<Outcome> {
	const session = createSession(host, feed, options);
	// Before the first frame: from then on any key may be pressed, and Ctrl-Z is a signal until Ink reads the keys.
	let ended: Outcome | undefined;
	const handlers = (Object.keys(signals) as Array<keyof typeof signals>).map((name) => {
		const handler = () => {
			if (jobControl.isStopped()) {
				dieOf(name);
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
		alternateScreen: true,
		incrementalRendering: true,
		exitOnCtrlC: false,
		// A terminal is one also where a variable named CI is set.
		interactive: true,
		patchConsole: true,
		maxFps: 20,
	});

	try {
		const result = await app.waitUntilExit();
		return ended ?? {kind: result === wantsDemo ? 'demo' : 'left'};
	} catch (error) {
		// Ink prints an error on the alternate screen only, which is gone the next moment.
		console.error(error);
		return {kind: 'broken'};
	} finally {
		for (const {name, handler} of handlers) {
			process.off(name, handler);
		}

		process.stdin.setRawMode?.(false);
		jobControl.end();
		await session.stop();
	}
}
