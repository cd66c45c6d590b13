import {getHeapSpaceStatistics, setFlagsFromString} from 'node:v8';

/**
With less, what a frame is made of outlives it, is moved about and collected late; with more, a log at full speed fills it. V8 makes it smaller
again where little is allocated, and does not let it grow then.
*/
const roomBytes = 16 * 2 ** 20;

const checkMs = 100;

/** By then a session has drawn its screen. In milliseconds. */
const startedAfter = 5000;

/**
The limits, and V8's own. The space for what is new stays as it is then: its size itself can only be set before V8 runs. The rest is collected
when it is that much more than what was alive after the last time, in percent.
*/
const limits = ['--semi-space-growth-factor=1', '--heap-growing-percent=40'];
const defaults = ['--semi-space-growth-factor=2', '--heap-growing-percent=0'];

let isLimited = false;

/**
Sets the limits of V8's heap for a program that draws a frame a second, all day long. V8's own are for servers: it lets what is allocated in
passing grow to 64 MiB and more before it looks at it, and the rest to several times of what is alive, so that an idle session held 100 to
230 MiB.

Not at the start: V8 refuses what was compiled under other flags, also the code of Node's own modules, which Node brings compiled. And not at
the end, when what was compiled is kept. To be called before that is asked for.

@param purpose the verb; only the session and the demo run for so long
@param latestMs when they are set, unless the space for what is new has its size before
*/
export function limitHeapFor(purpose: string, latestMs = startedAfter): void {
	if (purpose !== 'session' && purpose !== 'demo') {
		return;
	}

	const timer = setInterval(
		() => {
			if (newSpaceBytes() >= roomBytes || performance.now() >= latestMs) {
				clearInterval(timer);
				set(true);
			}
		},
		Math.min(checkMs, latestMs),
	);
	timer.unref();
	process.once('exit', () => set(false));
}

function newSpaceBytes(): number {
	return getHeapSpaceStatistics().find(({space_name}) => space_name === 'new_space')?.space_size ?? 0;
}

/** For what loads compiled code, or keeps it: V8 marks it with the flags of that moment. */
export function withoutHeapLimits<T>(work: () => T): T {
	if (!isLimited) {
		return work();
	}

	set(false);
	try {
		return work();
	} finally {
		set(true);
	}
}

function set(limited: boolean): void {
	isLimited = limited;
	for (const flag of limited ? limits : defaults) {
		setFlagsFromString(flag);
	}
}
