import {readFileSync} from 'node:fs';
import {containerPrefix} from '../box/box.ts';
import {privatePath} from '../box/jupyter/server.ts';
import type {AskHttp} from '../host/ask-http.ts';
import type {DemoEngine} from './engine.ts';
import type {ScenarioBox} from './scenario.ts';

/** A new box is waited for, and its Jupyter needs a moment before it listens. */
const startMs = 2500;
const hourMs = 3_600_000;

/** Since when an idle notebook has not been used. */
const restingMs = 3 * hourMs;

/**
Answers for the simulated Jupyter servers and for nothing else. A box from the scenario has one kernel: it computes, or has been idle for
hours. A new one has none.
*/
export function makeUpAnswers(engine: DemoEngine, boxes: readonly ScenarioBox[], pace: number): AskHttp {
	const json = (status: number, value: unknown) => ({status, body: JSON.stringify(value) ?? ''});
	const logs = new Map(boxes.map(({name, log}) => [`${containerPrefix}${name}`, log]));
	const shutDown = new Set<string>();
	return async (url, {headers = {}, method = 'GET'}) => {
		const there = engine.atPort(Number(url.port));
		if (there === undefined || (!there.again && there.runningMs < startMs * pace)) {
			throw new Error('connect ECONNREFUSED: nothing listens there on the demo host');
		}

		const {spec, runningMs} = there;
		const token = readIfThere(spec.mounts.find((mount) => mount.target.endsWith('/jupyter_token'))?.source);
		const path = token === undefined ? url.pathname : url.pathname.replace(`/${privatePath(token)}/`, '/');
		if (path === '/api') {
			return json(200, {version: '2.17.0'});
		}

		const given = /^(?:token|Bearer) (.+)$/i.exec(headers.authorization ?? '')?.[1];
		if (given === undefined || given !== token) {
			return json(403, {message: 'Forbidden'});
		}

		const log = logs.get(spec.name);
		const id = `${spec.name}-kernel`;
		const lives = log !== undefined && runningMs >= restingMs && !shutDown.has(id);
		const isIdle = log === 'resting';
		const lastActivity = new Date(Date.now() - (isIdle ? restingMs : 0)).toISOString();
		if (path === '/api/status') {
			const started = new Date(Date.now() - runningMs).toISOString();
			return json(200, {connections: 1, kernels: lives ? 1 : 0, last_activity: lastActivity, started});
		}

		if (method === 'DELETE' && path === `/api/kernels/${id}`) {
			shutDown.add(id);
			engine.endProcesses(spec.name);
			return json(204, undefined);
		}

		const execution_state = isIdle ? 'idle' : 'busy';
		const kernel = {id, name: 'python3', execution_state, last_activity: lastActivity, connections: 0};
		return path === '/api/kernels' ? json(200, lives ? [kernel] : []) : json(404, {message: 'Not Found'});
	};
}

function readIfThere(file: string | undefined): string | undefined {
	try {
		return file === undefined ? undefined : readFileSync(file, 'utf8');
	} catch {
		// Another user's box: the demo does not have its token.
		return undefined;
	}
}
