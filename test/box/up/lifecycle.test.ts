import assert from 'node:assert/strict';
import {test} from 'node:test';
import {hasVanished, startBox} from '../../../source/box/up/lifecycle.ts';
import {EngineError} from '../../../source/engine/engine.ts';
import {makeFrozenHost} from '../../_helpers/demo.ts';
import {makeBox} from '../../_helpers/make-box.ts';

for (const [what, refusal, vanished] of [
	['removed', new EngineError('not-found', 'No such container: 5f2c'), true],
	['being removed', new EngineError('failed', 'container is marked for removal and cannot be started'), true],
	['still there, its image not', new EngineError('not-found', 'No such image: sha256:5f2c'), false],
	['still there', new EngineError('failed', 'cannot start'), false],
] as const) {
	test(`a box that does not start because it is ${what}`, async () => {
		const host = await makeFrozenHost();
		const engine = {...host.engine, startContainer: () => Promise.reject(refusal)};
		const error: unknown = await startBox({...host, engine}, makeBox({mine: false})).catch((reason: unknown) => reason);
		assert.ok(error instanceof Error);
		assert.equal(hasVanished(error), vanished, error.message);
	});
}
