/**
HTTP over a socket of this machine, for questions whose answer is read as a whole, or is the connection itself. Node's own client can do far
more: to load it, and to ask by it for the first time, takes three times as long as this, a fifth of `gpubox ls`.

Each question has a connection of its own, which ends with the answer.
*/
import {connect, type Socket} from 'node:net';
import {EngineError} from '../engine.ts';
import {AnswerReader, type AskedFor, brokenOff, type SocketAnswer, switchingProtocols} from './answer-reader.ts';

export type SocketQuestion = AskedFor & {
	/** With the query. */
	path: string;
	headers: Record<string, string>;
	data?: Buffer | undefined;
};

type OnEnd = (end: (reason: EngineError) => void) => void;

/**
Asks at a socket. Rejects with what the socket fails with, or an EngineError.

@param onEnd called with what ends the question early
*/
export async function askSocket(socketPath: string, question: SocketQuestion, onEnd: OnEnd): Promise<SocketAnswer> {
	const {answer, socket} = await exchange(socketPath, question, {Connection: 'close'}, onEnd);
	socket.destroy();
	return answer;
}

/**
Asks for the connection itself. Rejects as above.

@returns an answer where it is refused
*/
export async function upgradeSocket(
	socketPath: string,
	question: SocketQuestion,
	onEnd: OnEnd,
): Promise<{socket: Socket} | {answer: SocketAnswer}> {
	const {answer, socket} = await exchange(socketPath, question, {Connection: 'Upgrade', Upgrade: 'tcp'}, onEnd);
	if (answer.status === switchingProtocols) {
		return {socket};
	}

	socket.destroy();
	return {answer};
}

function exchange(
	socketPath: string,
	question: SocketQuestion,
	own: Record<string, string>,
	onEnd: OnEnd,
): Promise<{answer: SocketAnswer; socket: Socket}> {
	const text = toText(question, own);
	return new Promise((resolve, reject) => {
		const reader = new AnswerReader(question);
		const socket = connect({path: socketPath});
		const attempt = (read: () => void) => {
			try {
				read();
			} catch (error) {
				socket.destroy(error as Error);
			}

			if (reader.answer !== undefined) {
				socket.off('readable', take);
				socket.off('end', end);
				if (reader.rest.length > 0) {
					socket.unshift(reader.rest);
				}

				resolve({answer: reader.answer, socket});
			}
		};
		const take = () =>
			attempt(() => {
				while (reader.answer === undefined) {
					const bytes = socket.read() as Buffer | null;
					if (bytes === null) {
						return;
					}

					reader.take(bytes);
				}
			});
		const end = () => attempt(() => reader.end());
		// Not as it comes: what follows the answer is whoever's the connection is then.
		socket.on('readable', take);
		socket.on('end', end);
		socket.on('error', reject);
		socket.on('close', () => {
			// Every connection ends with it.
			if (reader.answer === undefined) {
				reject(brokenOff());
			}
		});
		onEnd((reason) => socket.destroy(reason));
		socket.write(Buffer.concat([Buffer.from(text, 'latin1'), ...(question.data === undefined ? [] : [question.data])]));
	});
}

function toText({method, path, headers, data}: SocketQuestion, own: Record<string, string>): string {
	const length = data?.length ?? (method === 'GET' || method === 'HEAD' ? undefined : 0);
	const all = {Host: 'localhost', ...own, ...(length === undefined ? {} : {'Content-Length': length}), ...headers};
	const lines = [`${method} ${path} HTTP/1.1`, ...Object.entries(all).map(([name, value]) => `${name}: ${value}`)];
	// Anything else could end the line, and be the next one.
	if (/[^!-~]/.test(path) || lines.some((line) => /[^ -~]/.test(line))) {
		throw new EngineError('failed', 'a question with a character that HTTP does not allow');
	}

	return `${lines.join('\r\n')}\r\n\r\n`;
}
