import {readFileSync} from 'node:fs';
import {Agent, type AgentOptions} from 'node:http';
import {join} from 'node:path';
import type Dockerode from 'dockerode';
import {exitCode, Failure} from '../failure.ts';
import type {EngineAddress} from './address.ts';

/** What dockerode needs to reach the engine at an address. */
export async function connectOptions(address: EngineAddress): Promise<Dockerode.DockerOptions> {
	if (address.url.startsWith('unix://')) {
		// Node's own agent, but with the name for TLS given: else it looks for one, and compiling the test whether that is an IPv6
		// address takes longer than listing the boxes.
		const agent = new Agent({keepAlive: true, scheduling: 'lifo', timeout: 5000, servername: ''} as AgentOptions);
		return {socketPath: address.url.slice('unix://'.length), agent} as Dockerode.DockerOptions;
	}

	let url: URL;
	try {
		url = new URL(address.url);
	} catch {
		throw notAnAddress(address);
	}

	if (url.protocol === 'ssh:') {
		const {sshAgent} = await import('./ssh-agent.ts');
		// The path is nothing but a name: every connection is made by the agent.
		return {socketPath: url.href, agent: sshAgent(url)} as Dockerode.DockerOptions;
	}

	if (url.protocol !== 'tcp:' && url.protocol !== 'http:' && url.protocol !== 'https:') {
		throw notAnAddress(address);
	}

	// docker-modem takes addresses apart with url.parse, and Node's warning of that would be written across the screen.
	process.noDeprecation = true;
	const tls = address.tlsDirectory;
	return {
		host: url.hostname,
		port: url.port || (tls ? 2376 : 2375),
		protocol: tls || url.protocol === 'https:' ? 'https' : 'http',
		...(tls
			? {
					ca: readFileSync(join(tls, 'ca.pem')),
					cert: readFileSync(join(tls, 'cert.pem')),
					key: readFileSync(join(tls, 'key.pem')),
				}
			: {}),
	};
}

function notAnAddress(address: EngineAddress): Failure {
	return new Failure(`"${address.url}" (from ${address.origin}) is not an address of a Docker Engine.`, {
		fix: 'Use unix:///path/to/docker.sock, tcp://host:2376 or ssh://user@machine, or unset it to use the default.',
		exitCode: exitCode.noEngine,
	});
}
