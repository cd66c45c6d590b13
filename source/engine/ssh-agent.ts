import {spawn} from 'node:child_process';
import {Agent} from 'node:http';
import {Duplex} from 'node:stream';

/**
Every connection is one `ssh HOST docker system dial-stdio`, as Docker's own command does it: so the person's keys, agent,
ssh config and known hosts apply.
*/
export function sshAgent(url: URL): Agent {
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
