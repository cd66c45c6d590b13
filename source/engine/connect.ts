import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {Agent} from 'node:http';
import {join} from 'node:path';
import {Duplex} from 'node:stream';
import type Dockerode from 'dockerode';
import {exitCode, Failure} from '../failure.ts';
import type {EngineAddress} from './address.ts';

/** What dockerode needs to reach the engine at an address. */
export function connectOptions(address: EngineAddress): Dockerode.DockerOptions {
	if (address.url.startsWith('unix://')) {
		return {socketPath: address.url.slice('unix://'.length)};
	}

	let url: URL;
	try {
		url = new URL(address.url);
	} catch {
		throw notAnAddress(address);
	}

	if (url.protocol === 'ssh:') {
		// docker-modem only needs some host here: every connection is made by the agent.
		return {host: 'localhost', protocol: 'http', port: 80, agent: sshAgent(url)} as Dockerode.DockerOptions;
	}

	if (url.protocol !== 'tcp:' && url.protocol !== 'http:' && url.protocol !== 'https:') {
		throw notAnAddress(address);
	}

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

/**
Every connection is one `ssh HOST docker system dial-stdio`, as Docker's own command does it: so the person's keys, agent,
ssh config and known hosts apply.
*/
function sshAgent(url: URL): Agent {
	const agent = new Agent({keepAlive: true, maxSockets: 8});
	const destination = url.username ? `${url.username}@${url.hostname}` : url.hostname;
	const port = url.port ? ['-p', url.port] : [];
	agent.createConnection = (_options, callback) => {
		const child = spawn(
			'ssh',
			['-T', '-o', 'BatchMode=yes', ...port, '--', destination, 'docker', 'system', 'dial-stdio'],
			{
				stdio: ['pipe', 'pipe', 'pipe'],
			},
		);
		let complaint = '';
		child.stderr.on('data', (chunk: Buffer) => {
			complaint += chunk.toString();
		});
		const stream = Duplex.from({readable: child.stdout, writable: child.stdin});
		child.on('error', (error) => stream.destroy(error));
		child.on('exit', (code) => {
			if (code !== 0) {
				const error = Object.assign(new Error(complaint.trim() || `ssh ended with ${code}`), {code: 'ECONNREFUSED'});
				stream.destroy(error);
			}
		});
		stream.on('close', () => child.kill());
		callback?.(null, stream);
		return stream;
	};

	return agent;
}
