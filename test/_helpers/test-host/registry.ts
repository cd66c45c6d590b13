import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {lastLines} from './command.ts';
import {findCommand} from './packages.ts';
import {waitUntil} from './wait-until.ts';

export type Registry = {
	/** The first part of a reference to its images: `127.0.0.1:PORT`. Engines trust it without TLS for its address. */
	address: string;
	stop(): Promise<void>;
};

/** The only one whom a registry with a login knows: "a-good-secret". */
const htpasswd = 'pusher:$2b$04$b8xFb4bXqEZrS10D1Mn0r.UXrQOX1ulxswnQyygxW.WBc8j396j76\n';

/** Starts an empty image registry on the loopback. Its images go with it. @param options.login it wants to know who is asking */
export async function startRegistry({login = false}: {login?: boolean} = {}): Promise<Registry> {
	const program = await findCommand('docker-registry');
	if (program === undefined) {
		throw new Error('docker-registry is not installed');
	}

	const folder = await mkdtemp(join(tmpdir(), 'gpubox-test-registry-'));
	const address = `127.0.0.1:${await freePort()}`;
	const config = join(folder, 'config.json');
	const users = join(folder, 'htpasswd');
	await writeFile(users, htpasswd);
	// YAML is a superset of JSON.
	await writeFile(
		config,
		JSON.stringify({
			version: 0.1,
			log: {level: 'warn'},
			storage: {filesystem: {rootdirectory: join(folder, 'storage')}, delete: {enabled: true}},
			http: {addr: address},
			...(login ? {auth: {htpasswd: {realm: 'test', path: users}}} : {}),
		}),
	);
	// A run that is broken off does not come to `stop`.
	const child = spawn('setpriv', ['--pdeathsig', 'TERM', program, 'serve', config], {
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const ended = new Promise<void>((resolve) => {
		child.once('close', () => resolve());
		child.once('error', () => resolve());
	});
	let log = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (text: string) => {
			log = lastLines(log + text);
		});
	}

	const stop = async () => {
		child.kill();
		await ended;
		await rm(folder, {recursive: true, force: true});
	};
	try {
		await waitUntil('the registry to answer', async () => {
			if (child.exitCode !== null) {
				throw new Error(`The registry ended by itself:\n${log}`);
			}

			try {
				const {ok, status} = await fetch(`http://${address}/v2/`);
				return ok || (login && status === 401);
			} catch {
				return false;
			}
		});
	} catch (error) {
		await stop();
		throw error;
	}

	return {address, stop};
}

export async function freePort(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	server.close();
	await once(server, 'close');
	if (address === null || typeof address === 'string') {
		throw new Error('The system gave no port');
	}

	return address.port;
}
