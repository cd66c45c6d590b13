import {request} from 'node:http';
import {serviceLimit} from '../engine/limits.ts';

export type HttpAnswer = {status: number; body: string};

export type AskHttp = (
	url: URL,
	options: {
		signal: AbortSignal;
		method?: string;
		headers?: Record<string, string>;
		body?: string;
		/** For tests, which cannot wait so long. */
		limit?: typeof serviceLimit;
	},
) => Promise<HttpAnswer>;

/**
One request to a service on this machine; redirects are not followed. On Node's plain client, with which the
engine is asked anyway: `fetch` would load another one, just when a starting box needs the processor.

A service is a program of an image: its answer is limited in time and size (engine/limits.ts).

@throws the socket's error; the signal's reason; an Error when the answer is too large or incomplete
*/
export const askHttp: AskHttp = (url, {signal, method = 'GET', headers = {}, body, limit = serviceLimit}) =>
	new Promise((resolve, reject) => {
		const call = request(url, {method, headers, signal, agent: false}, (response) => {
			const parts: Buffer[] = [];
			let size = 0;
			response.on('data', (chunk: Buffer) => {
				parts.push(chunk);
				size += chunk.length;
				if (size > limit.bytes) {
					call.destroy(new Error(`The answer is larger than ${limit.bytes} bytes.`));
				}
			});
			response.on('end', () => resolve({status: response.statusCode ?? 0, body: Buffer.concat(parts).toString()}));
			response.on('error', fail);
		});
		const timer = setTimeout(
			() => call.destroy(new Error(`No answer within ${limit.seconds} s.`)),
			limit.seconds * 1000,
		);
		const fail = (error: unknown) => reject(signal.aborted ? signal.reason : error);
		call.on('error', fail);
		call.on('close', () => {
			clearTimeout(timer);
			fail(new Error('The connection was closed early.'));
		});
		call.end(body);
	});
