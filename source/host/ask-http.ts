import {request} from 'node:http';
import {serviceBytes} from '../engine/limits.ts';

export type HttpAnswer = {status: number; body: string};

export type AskHttp = (
	url: URL,
	options: {signal: AbortSignal; method?: string; headers?: Record<string, string>; body?: string},
) => Promise<HttpAnswer>;

/**
One request to a service on this machine; redirects are not followed. On Node's plain client, which the engine's library has
loaded anyway: `fetch` would load another one, just when a starting box needs the processor.

A service is a program of an image: its answer is read up to a limit, and whoever asks hands on a signal that sees to the time.

@throws the socket's error; the signal's reason; an Error when the answer is too large or breaks off
*/
export const askHttp: AskHttp = (url, {signal, method = 'GET', headers = {}, body}) =>
	new Promise((resolve, reject) => {
		const call = request(url, {method, headers, signal, agent: false}, (response) => {
			const parts: Buffer[] = [];
			let size = 0;
			response.on('data', (chunk: Buffer) => {
				parts.push(chunk);
				size += chunk.length;
				if (size > serviceBytes) {
					call.destroy(new Error(`Its answer has more than ${serviceBytes} bytes.`));
				}
			});
			response.on('end', () => resolve({status: response.statusCode ?? 0, body: Buffer.concat(parts).toString()}));
			response.on('error', fail);
		});
		const fail = (error: unknown) => reject(signal.aborted ? signal.reason : error);
		call.on('error', fail);
		call.on('close', () => fail(new Error('It broke off.')));
		call.end(body);
	});
