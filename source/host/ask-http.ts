import {request} from 'node:http';

export type HttpAnswer = {status: number; body: string};

export type AskHttp = (
	url: URL,
	options: {signal: AbortSignal; method?: string; headers?: Record<string, string>; body?: string},
) => Promise<HttpAnswer>;

/**
One request to a service on this machine; redirects are not followed. On Node's plain client, which the engine's library has
loaded anyway: `fetch` would load another one, just when a starting box needs the processor.

@throws the socket's error; the signal's reason
*/
export const askHttp: AskHttp = (url, {signal, method = 'GET', headers = {}, body}) =>
	new Promise((resolve, reject) => {
		const call = request(url, {method, headers, signal, agent: false}, (response) => {
			let text = '';
			response.setEncoding('utf8');
			response.on('data', (chunk: string) => {
				text += chunk;
			});
			response.on('end', () => resolve({status: response.statusCode ?? 0, body: text}));
			response.on('error', reject);
		});
		call.on('error', (error) => reject(signal.aborted ? signal.reason : error));
		call.end(body);
	});
