import {PassThrough} from 'node:stream';
import {withoutBoxEnvironment} from '../box/in-box.ts';
import type {ExecSession, ExecSpec} from '../engine/engine.ts';
import {answer, PretendShell, type ShellWorld} from './shell.ts';

/** Runs a command in a simulated box: the simulated shell, or one of its commands. */
export function startExec(spec: ExecSpec, world: ShellWorld): ExecSession {
	const [command = '', ...rest] = withoutBoxEnvironment(spec.command);
	const wantsShell = command === '' || /(^|\/)(ba)?sh$/.test(command);
	if (spec.tty && wantsShell) {
		const shell = new PretendShell(world);
		return {stream: shell, resize: async () => {}, wait: async () => shell.ended};
	}

	const stream = new PassThrough();
	const done = answer(command, rest, world).then(({output, exitCode}) => {
		stream.end(spec.tty ? output.replace(/\n/g, '\r\n') : frame(output));
		return {exitCode, detached: false};
	});
	return {stream, resize: async () => {}, wait: async () => done};
}

/** Without a terminal the engine sends stdout in frames: kind, three zeros, length, content. */
function frame(output: string): Buffer {
	const content = Buffer.from(output);
	const head = Buffer.alloc(8);
	head[0] = 1;
	head.writeUInt32BE(content.length, 4);
	return Buffer.concat([head, content]);
}
