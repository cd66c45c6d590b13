import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {label, labelPrefix} from '../../source/box/box.ts';
import {toBox} from '../../source/box/labels.ts';
import {boxJson} from '../../source/commands/output/json.ts';
import type {Container} from '../../source/engine/engine.ts';

const text = fc.oneof(
	fc.string({unit: 'binary', maxLength: 30}),
	fc.constantFrom(
		'',
		'true',
		'run',
		'restart',
		'jupyter,ssh',
		'GPU-0,GPU-1,,',
		'0',
		'99999999999',
		'-1',
		'1e9',
		'2026-01-31T09:00:00Z',
		'__proto__',
		'../..',
		'\u001B]0;x\u0007',
		'a\u202Eb\u200Bc',
		'127.0.0.1',
		'::',
		'0x1',
	),
);
const labels = fc.dictionary(
	fc.oneof(
		fc.constantFrom(...Object.values(label), `${labelPrefix}port.jupyter`, `${labelPrefix}port.ssh`, '__proto__'),
		fc.string({maxLength: 8}),
	),
	text,
);
const container: fc.Arbitrary<Container> = fc.record({
	id: fc.constant('a'.repeat(64)),
	name: fc.oneof(fc.constant('gpubox-alice-train'), text),
	image: text,
	imageId: text,
	state: fc.constantFrom('running', 'exited', 'created', 'paused', 'dead'),
	createdAt: fc.constant(new Date(0)),
	labels,
	ports: fc.array(
		fc.record({
			containerPort: fc.constantFrom(8888, 22, 2222, 1),
			hostAddress: text,
			hostPort: fc.constantFrom(0, 1234, 65_535, 70_000),
		}),
		{maxLength: 3},
	),
	mounts: fc.constant([]),
}) as unknown as fc.Arbitrary<Container>;

test('whatever labels say: no box, or one that can be shown and is not mine', () => {
	fc.assert(
		fc.property(container, (each) => {
			const box = toBox(each);
			if (box === undefined) {
				return;
			}

			assert.equal(box.mine, false);
			assert.match(box.name, /^[a-z0-9][\w.-]*$/i);
			const {owner, user, project, image, spec} = box;
			for (const shown of [owner, user, project, image, spec, ...box.gpus, ...box.secrets]) {
				assert.doesNotMatch(shown, /\p{Cc}|[\u061C\u200B-\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/u);
			}

			for (const address of Object.values(box.addresses)) {
				assert.ok(address.port > 0 && address.port < 65_536 && /^[\da-f.:]+$/i.test(address.host));
			}

			assert.ok(box.uid === undefined || Number.isSafeInteger(box.uid));
			assert.ok(box.job === undefined || Number.isSafeInteger(box.job.stopSeconds));
			JSON.stringify(boxJson(box));
		}),
		{numRuns: 500},
	);
});
