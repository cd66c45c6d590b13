import {mkdtemp, rm} from 'node:fs/promises';
import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {connectDocker} from '../../source/engine/docker/docker.ts';
import type {Engine} from '../../source/engine/engine.ts';
import {defaultLimits, type EngineLimits} from '../../source/engine/limits.ts';

/**
gpubox's door to something that answers as a test wants: for faults that no real engine can be made to have.

@param at a port of this machine is asked by Node's own client of HTTP, a socket without it as long as that can be
*/
export async function withAnswers<T>(
	answer: RequestListener,
	use: (engine: Engine, address: string) => Promise<T>,
	limits: EngineLimits = defaultLimits,
	at: 'socket' | 'port' = 'socket',
): Promise<T> {
	const folder = await mkdtemp(join(tmpdir(), 'gpubox-engine-'));
	const socket = join(folder, 'engine.sock');
	const server = createServer(answer);
	await new Promise<void>((resolve) => {
		server.listen(at === 'socket' ? {path: socket} : {port: 0, host: '127.0.0.1'}, resolve);
	});
	try {
		const address = at === 'socket' ? `unix://${socket}` : `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
		return await use(await connectDocker({url: address, origin: 'the test'}, limits), address);
	} finally {
		server.closeAllConnections();
		server.close();
		await rm(folder, {recursive: true});
	}
}

/** All that a stream gives, until it ends. */
export async function readAll<T>(stream: AsyncIterable<T>): Promise<T[]> {
	const all: T[] = [];
	for await (const each of stream) {
		all.push(each);
	}

	return all;
}

/** The same limits with other times. */
export function limitsOf(seconds: number): EngineLimits {
	const entries = Object.entries(defaultLimits).map(([name, limit]) => [
		name,
		{
			...limit,
			...(limit.seconds === undefined ? {} : {seconds}),
			...(limit.idleSeconds === undefined ? {} : {idleSeconds: seconds}),
			...(limit.noticeSeconds === undefined ? {} : {noticeSeconds: seconds / 2}),
		},
	]);
	return Object.fromEntries(entries) as EngineLimits;
}
