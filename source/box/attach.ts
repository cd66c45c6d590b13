import type {Duplex} from 'node:stream';
import type {ReadStream, WriteStream} from 'node:tty';
import type {Engine, ExecSpec} from '../engine/engine.ts';
import {print} from '../text/print.ts';
import {asInBox} from './in-box.ts';
import {inside} from './paths.ts';

/** The terminal, or the pipes, that a command inside a box is connected to. */
export type AttachStreams = {
	stdin: NodeJS.ReadStream | ReadStream;
	stdout: NodeJS.WriteStream | WriteStream;
	stderr: NodeJS.WriteStream | WriteStream;
};

export type AttachResult = {exitCode: number; detached: boolean};

/** The best shell the image has, as a login shell so that its profile sets up conda and the like. */
const shell = ['sh', '-c', 'command -v bash >/dev/null 2>&1 && exec bash -l; exec sh -l'];

/**
Runs a command (a shell when it is empty) in a box with the caller's terminal: size followed as it changes, every key except the
detach keys (Ctrl-P Ctrl-Q) goes to the command, including Ctrl-C. Without a terminal the streams are passed through unchanged. Both
directions have back pressure: unread output blocks the command.

The terminal is restored when this returns.

@param folder where it starts; null for the folder that the image names
@throws the signal's reason
*/
export async function attachToBox(
	engine: Engine,
	boxId: string,
	command: string[],
	{stdin, stdout, stderr}: AttachStreams,
	signal?: AbortSignal,
	folder: string | null = inside.project,
): Promise<AttachResult> {
	const tty = Boolean(stdin.isTTY && stdout.isTTY);
	const spec: ExecSpec = {
		command: asInBox(command.length > 0 ? command : shell),
		...(folder === null ? {} : {workingDirectory: folder}),
		tty,
		stdin: true,
		// Up to version 20.10 the engine's own detaching ends the command, so it is done here; the engine's detach keys cannot be
		// disabled, only moved to others.
		detachKeys: 'ctrl-^,ctrl-],ctrl-^,ctrl-]',
		environment: tty ? terminalEnvironment(process.env) : {},
		...(tty ? {size: sizeOf(stdout)} : {}),
	};
	const session = await engine.exec(boxId, spec, signal);
	const {stream} = session;
	const resize = () => void session.resize(sizeOf(stdout));
	const wasRaw = stdin.isTTY ? stdin.isRaw : false;
	if (tty) {
		stdin.setRawMode(true);
		stdout.on('resize', resize);
	}

	const watchKeys = makeDetachWatch();
	let isLeft = false;
	const forward = (chunk: Buffer | string) => {
		// Ink has set an encoding on stdin permanently, so in a session keys arrive as text.
		const typed = Buffer.from(chunk as string);
		const {pass, detach} = tty ? watchKeys(typed) : {pass: typed, detach: false};
		if (pass.length > 0 && !stream.write(pass)) {
			stdin.pause();
		}

		if (detach) {
			isLeft = true;
			stream.destroy();
		}
	};
	const end = () => stream.end();
	const goOn = () => stdin.resume();
	stream.on('drain', goOn);
	stdin.on('data', forward);
	stdin.once('end', end);
	stdin.resume();
	try {
		const output = tty ? passRaw(stream, stdout, signal) : passFramed(stream, {stdout, stderr}, signal);
		const [result] = await Promise.all([session.wait(), output]);
		// What connects to a shell that is held ends with the connection, and may have ended when the engine is asked.
		return isLeft ? {exitCode: 0, detached: true} : result;
	} catch (error) {
		signal?.throwIfAborted();
		throw error;
	} finally {
		stream.destroy();
		stream.off('drain', goOn);
		stdin.off('data', forward);
		stdin.off('end', end);
		stdin.pause();
		if (tty) {
			stdout.off('resize', resize);
			stdin.setRawMode(wasRaw);
		}
	}
}

const ctrlP = 0x10;
const ctrlQ = 0x11;

/**
Watches the input for Ctrl-P Ctrl-Q, however it is split into chunks. A single Ctrl-P is held back until the next key shows whether it
belongs to the pair.
*/
export function makeDetachWatch(): (chunk: Buffer) => {pass: Buffer; detach: boolean} {
	let held = false;
	return (chunk) => {
		const pass: number[] = [];
		for (const byte of chunk) {
			if (held && byte === ctrlQ) {
				held = false;
				return {pass: Buffer.from(pass), detach: true};
			}

			if (held) {
				pass.push(ctrlP);
			}

			held = byte === ctrlP;
			if (!held) {
				pass.push(byte);
			}
		}

		return {pass: Buffer.from(pass), detach: false};
	};
}

function sizeOf(stdout: AttachStreams['stdout']): {columns: number; rows: number} {
	return {columns: stdout.columns || 80, rows: stdout.rows || 24};
}

/** The variables that describe the caller's terminal to a program. */
function terminalEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
	return Object.fromEntries(
		['TERM', 'COLORTERM', 'LANG', 'LC_ALL', 'NO_COLOR'].flatMap((name) => {
			const value = environment[name];
			return value ? [[name, value]] : [];
		}),
	);
}

/** Settles when the stream ends, or is destroyed by detaching. */
async function passRaw(stream: Duplex, stdout: NodeJS.WritableStream, signal?: AbortSignal): Promise<void> {
	try {
		for await (const chunk of stream) {
			await print(stdout, chunk as Buffer, signal);
		}
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') {
			throw error;
		}
	}
}

async function passFramed(
	stream: Duplex,
	{stdout, stderr}: Pick<AttachStreams, 'stdout' | 'stderr'>,
	signal?: AbortSignal,
): Promise<void> {
	const {readFrames} = await import('../engine/frames.ts');
	for await (const frame of readFrames(stream)) {
		await print(frame.stream === 'stderr' ? stderr : stdout, frame.data, signal);
	}
}
