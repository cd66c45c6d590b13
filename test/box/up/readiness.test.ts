import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Failure} from '../../../source/base/failure.ts';
import {waitUntilReady} from '../../../source/box/up/readiness.ts';
import type {Engine} from '../../../source/engine/engine.ts';
import type {Host} from '../../../source/host/host.ts';
import {makeBox} from '../../_helpers/make-box.ts';

for (const [what, ended, message, fix] of [
	[
		'was stopped by somebody',
		{exitCode: 143},
		/stopped while starting, with exit code 143/,
		/^SIGTERM ended it, .*gpubox up \S+$/,
	],
	['ended by itself', {exitCode: 3}, /stopped while starting, with exit code 3/, /^$/],
	['had too little memory', {exitCode: 137, oomKilled: true}, /ran out of memory/, /--memory/],
] as const) {
	test(`a box that ${what} while it was waited for`, async () => {
		const engine = {
			inspectContainer: async () => ({state: 'exited', ...ended}),
			async *logs() {},
		} as unknown as Engine;
		const host = {
			engine,
			askHttp: () => Promise.reject(new Error('connect ECONNREFUSED')),
		} as unknown as Host;
		const box = makeBox({addresses: {jupyter: {host: '127.0.0.1', port: 8888}}});
		const {signal} = new AbortController();
		await assert.rejects(waitUntilReady(host, box, 'token', {report() {}, signal}), (error) => {
			assert.ok(error instanceof Failure, String(error));
			assert.match(error.message, message);
			assert.match(error.fix, fix);
			return true;
		});
	});
}
