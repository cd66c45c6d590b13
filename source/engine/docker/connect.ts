import {readFileSync} from 'node:fs';
import type {AgentOptions, ClientRequest, RequestOptions} from 'node:http';
import {join} from 'node:path';
import {safeText} from '../../text/safe.ts';
import type {EngineAddress} from '../address.ts';
import {EngineError} from '../engine.ts';

/** How requests reach the engine at an address. Nothing is connected before the first one. */
export type Connection = {
	/** Loaded when it is first asked for. */
	client: () => Promise<Client>;
	/** A socket of this machine: what can be asked there without the client is not worth loading it for. */
	socketPath?: string;
};

/** Node's own client of HTTP. */
export type Client = {
	/** Node's `request`, of HTTP or HTTPS. */
	request: (options: RequestOptions) => ClientRequest;
	/** Added to those of each request. */
	options: RequestOptions;
};

/** @throws EngineError (no address) when it is none, or its keys cannot be read */
export async function connectionTo(address: EngineAddress): Promise<Connection> {
	if (address.url.startsWith('unix://')) {
		const socketPath = address.url.slice('unix://'.length);
		let client: Promise<Client> | undefined;
		return {
			client: () => {
				client ??= clientAt(socketPath);
				return client;
			},
			socketPath,
		};
	}

	const client = await remoteClient(address);
	return {client: async () => client};
}

async function clientAt(socketPath: string): Promise<Client> {
	const {Agent, request} = await import('node:http');
	// Node's own agent, but with the name for TLS given: else it looks for one, and compiling the test whether that is an IPv6
	// address takes longer than listing the boxes.
	const agent = new Agent({keepAlive: true, scheduling: 'lifo', timeout: 5000, servername: ''} as AgentOptions);
	return {request, options: {socketPath, agent}};
}

async function remoteClient(address: EngineAddress): Promise<Client> {
	let url: URL;
	try {
		url = new URL(address.url);
	} catch {
		throw notAnAddress(address);
	}

	if (url.protocol === 'ssh:') {
		const {sshAgent} = await import('./ssh-agent.ts');
		// The path is nothing but a name: every connection is made by the agent.
		const {request} = await import('node:http');
		return {request, options: {socketPath: url.href, agent: sshAgent(url)}};
	}

	if (url.protocol !== 'tcp:' && url.protocol !== 'http:' && url.protocol !== 'https:') {
		throw notAnAddress(address);
	}

	const tls = address.tlsDirectory;
	const options: RequestOptions = {
		host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
		port: url.port || (tls ? 2376 : 2375),
	};
	if (!tls && url.protocol !== 'https:') {
		const {request} = await import('node:http');
		return {request, options};
	}

	const https = await import('node:https');
	return {request: https.request, options: {...options, ...(tls ? readKeys(tls, address) : {})}};
}

function readKeys(folder: string, {url}: EngineAddress) {
	try {
		const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(folder, name)));
		return {ca, cert, key};
	} catch (error) {
		throw new EngineError(
			'no-address',
			`The keys for the engine at ${url} cannot be read: ${(error as Error).message}`,
			{
				fix: `Put ca.pem, cert.pem and key.pem into ${folder}, or set DOCKER_CERT_PATH.`,
				cause: error,
			},
		);
	}
}

function notAnAddress(address: EngineAddress): EngineError {
	return new EngineError(
		'no-address',
		`"${safeText(address.url)}" (from ${address.origin}) is not an address of a Docker Engine.`,
		{
			fix: 'Use unix:///path/to/docker.sock, tcp://host:2376 or ssh://user@machine, or unset it to use the default.',
		},
	);
}
