import {setFlagsFromString} from 'node:v8';

/**
Sets the limits of V8's heap for a program that draws a frame a second, all day long. V8's own are for servers: it lets what is allocated in
passing grow to 64 MiB and more before it looks at it, and the rest to several times of what is alive, so that an idle session held 100 to
230 MiB. To be called before any compiled code is loaded: V8 refuses what was compiled under other flags.

@param purpose the verb; only the session and the demo run for so long
*/
export function limitHeapFor(purpose: string): void {
	if (purpose !== 'session' && purpose !== 'demo') {
		return;
	}

	// The space for what is new stays as it is at the start: its size itself can only be set before V8 runs.
	setFlagsFromString('--semi-space-growth-factor=1');
	// The rest is collected when it is that much more than what was alive after the last time, in percent.
	setFlagsFromString('--heap-growing-percent=40');
}
