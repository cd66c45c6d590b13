import {readTemplate} from '../base/templates.ts';
import type {Host} from '../host/host.ts';
import {type AttachResult, type AttachStreams, attachToBox} from './attach.ts';
import type {Box} from './box.ts';
import {type ShellWish, takeShell} from './held-shells.ts';

/**
An interactive shell in a box, which stays when the terminal is lost or detached: the next call returns to it.

@param options.onOpen called before the terminal is taken: with the numbers of the caller's shells that other terminals have
@throws the signal's reason
*/
export async function openShell(
	host: Host,
	box: Box,
	streams: AttachStreams,
	options: {wish?: ShellWish; onOpen?: (open: number[]) => void; signal?: AbortSignal} = {},
): Promise<AttachResult> {
	const {wish = 'return', onOpen, signal} = options;
	const isTerminal = Boolean(streams.stdin.isTTY && streams.stdout.isTTY);
	// Root's shell in another user's box has no folder here to be written down in.
	if (!isTerminal || host.demo || !box.mine || box.folder === undefined) {
		return attachToBox(host.engine, box.id, [], streams, signal);
	}

	const held = takeShell(host.paths, box.folder, wish);
	onOpen?.(held.open);
	const command = ['sh', '-c', readTemplate('box/hold'), 'hold', String(held.number)];
	let ended = false;
	try {
		const result = await attachToBox(host.engine, box.id, command, streams, signal);
		ended = !result.detached;
		return result;
	} finally {
		if (ended) {
			held.end();
		} else {
			held.leave();
		}
	}
}
