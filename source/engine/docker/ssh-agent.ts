import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process';
import {Agent} from 'node:http';
import type {Socket} from 'node:net';
import {Duplex} from 'node:stream';
import {endGroup, ownGroup} from '../../base/process/process-group.ts';
import {sshWords} from '../ssh-words.ts';

/**
Every connection is one `ssh HOST docker system dial-stdio`, as Docker's own command does it.
*/
export function sshAgent(url: URL): Agent {
	const agent = new Agent({keepAlive: true, maxSockets: 8});
	agent.createConnection = (_options, callback) => {
		const words = [...sshWords(url), 'docker', 'system', 'dial-stdio'];
		// Detached: Ctrl-C is for gpubox, which ends its connections when it has cleaned up.
		const stream = socketOf(spawn('ssh', words, {detached: true}));
		callback?.(null, stream);
		return stream;
	};

	return agent;
}

/** What ssh left behind, as a master of shared connections, keeps its stderr open: after its end no more than this is waited. */
const stderrGraceMs = 200;

/** Settles with the exit code once it has said everything; never rejects. */
function endOf(child: ChildProcessWithoutNullStreams): Promise<number | null> {
	const {promise, resolve} = Promise.withResolvers<number | null>();
	child.once('exit', (code) => {
		const timer = setTimeout(() => resolve(code), stderrGraceMs);
		child.once('close', () => {
			clearTimeout(timer);
			resolve(code);
		});
	});
	return promise;
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
	// Why it ended is told by its exit code and on stderr, which may come after the end of stdout.
	const ended = endOf(child);
	child.stdout.on('end', () => {
		void ended.then(() => stream.push(null));
	});
	child.stdin.on('error', () => {});
	child.on('error', (error) => stream.destroy(error));
	void ended.then((code) => {
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
