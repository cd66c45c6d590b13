import {setFlagsFromString} from 'node:v8';

/** By then a session has drawn its screen, and what was compiled for it is kept (compiled-code.ts). In milliseconds. */
const startedAfter = 5000;

/**
The limits, and V8's own. The space for what is new stays as it is: its size itself can only be set before V8 runs. The rest is collected
when it is that much more than what was alive after the last time, in percent.
*/
const limits = ['--semi-space-growth-factor=1', '--heap-growing-percent=40'];
const defaults = ['--semi-space-growth-factor=2', '--heap-growing-percent=0'];

/**
Sets the limits of V8's heap for a program that draws a frame a second, all day long. V8's own are for servers: it lets what is allocated in
passing grow to 64 MiB and more before it looks at it, and the rest to several times of what is alive, so that an idle session held 100 to
230 MiB.

Not at the start: V8 refuses what was compiled under other flags, also the code of Node's own modules, which Node brings compiled. And not at
the end, when what was compiled is kept. To be called before that is asked for.

@param purpose the verb; only the session and the demo run for so long
@param afterMs when they are set
*/
export function limitHeapFor(purpose: string, afterMs = startedAfter): void {
	if (purpose !== 'session' && purpose !== 'demo') {
		return;
	}

	setTimeout(set, afterMs, limits).unref();
	process.once('exit', () => set(defaults));
}

function set(flags: readonly string[]): void {
	for (const flag of flags) {
		setFlagsFromString(flag);
	}
}
