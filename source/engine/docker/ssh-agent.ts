import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process';
import {Agent} from 'node:http';
import type {Socket} from 'node:net';
import {Duplex} from 'node:stream';
import {endGroup, ownGroup} from '../../base/process-group.ts';

/**
Every connection is one `ssh HOST docker system dial-stdio`, as Docker's own command does it: so the user's keys, agent,
ssh config and known hosts apply.
*/
export function sshAgent(url: URL): Agent {
	const agent = new Agent({keepAlive: true, maxSockets: 8});
	const destination = url.username ? `${url.username}@${url.hostname}` : url.hostname;
	const port = url.port ? ['-p', url.port] : [];
	agent.createConnection = (_options, callback) => {
		const words = ['-T', '-o', 'BatchMode=yes', ...port, '--', destination, 'docker', 'system', 'dial-stdio'];
		// Detached: Ctrl-C is for gpubox, which ends its connections when it has cleaned up.
		const stream = socketOf(spawn('ssh', words, {detached: true}));
		callback?.(null, stream);
		return stream;
	};

	return agent;
}

/** Characters of what ssh says, of which the end tells why. */
const complaintLength = 2000;

/** A child's streams as what Node's HTTP takes for a socket. Not `Duplex.from`: the end of one side is no error for the other. */
function socketOf(child: ChildProcessWithoutNullStreams): Duplex {
	ownGroup(child);
	let complaint = '';
	child.stderr.on('data', (chunk: Buffer) => {
		complaint = (complaint + chunk.toString()).slice(-complaintLength);
	});
	const stream = new Duplex({
		// As sockets are by default: when the other side has said all, this one ends too.
		allowHalfOpen: false,
		read: () => child.stdout.resume(),
		// That the other side has gone is told by how the child ends, not here.
		write: (chunk, _encoding, done) => child.stdin.write(chunk, () => done()),
		final: (done) => child.stdin.end(() => done()),
		destroy(error, done) {
			void endGroup(child);
			done(error);
		},
	});
	child.stdout.on('data', (chunk: Buffer) => {
		if (!stream.push(chunk)) {
			child.stdout.pause();
		}
	});
	child.stdout.on('end', () => stream.push(null));
	child.stdin.on('error', () => {});
	child.on('error', (error) => stream.destroy(error));
	child.on('exit', (code) => {
		if (code !== 0) {
			const error = new Error(complaint.trim() || `ssh ended with ${code}`);
			stream.destroy(Object.assign(error, {code: 'ECONNREFUSED'}));
		}
	});

	// One that waits for the next request must not keep the program alive.
	const parts = [child, child.stdin as Socket, child.stdout as Socket, child.stderr as Socket];
	const forEachPart = (what: 'ref' | 'unref') => () => {
		for (const part of parts) {
			part[what]();
		}

		return stream;
	};
	const same = () => stream;
	return Object.assign(stream, {
		ref: forEachPart('ref'),
		unref: forEachPart('unref'),
		setKeepAlive: same,
		setNoDelay: same,
		setTimeout: same,
	});
}
