import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {test} from 'node:test';
import {readIdleness} from '../../../source/box/idle/observe.ts';
import type {ContainerDetail} from '../../../source/engine/engine.ts';
import {makeFrozenHost} from '../../_helpers/demo.ts';
import {makeBox} from '../../_helpers/make-box.ts';

for (const [who, values, options, reads] of [
	['the user', {mine: true}, {}, true],
	['another user', {mine: false}, {}, false],
	['another user, for whoever may read its token', {mine: false}, {tokenOf: () => undefined}, true],
] as const) {
	test(`the log of an SSH box of ${who} is ${reads ? '' : 'not '}read to find out whether it is idle`, async () => {
		const host = await makeFrozenHost();
		let opened = 0;
		const engine = {
			...host.engine,
			inspectContainer: async () => ({startedAt: new Date(0)}) as ContainerDetail,
			top: async () => [{pid: 1, parent: 0, user: '0', title: 'sshd'}],
			logs() {
				opened += 1;
				return Readable.from([]);
			},
		} as unknown as typeof host.engine;
		const box = makeBox({id: 'b', state: 'running', services: ['ssh'], gpus: [], ...values});
		const found = await readIdleness({...host, demo: false, engine}, [box], {
			signal: new AbortController().signal,
			...options,
		});
		assert.equal(opened, reads ? 1 : 0);
		assert.equal(found.get('b')?.kind, reads ? 'idle' : 'unknown');
	});
}
