import assert from 'node:assert/strict';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import type {Check, Examined} from '../../source/app/check-host.ts';
import {checkDemoHost} from '../../source/commands/output/demo-doctor.ts';
import type {UseCases} from '../../source/session/state/use-cases.ts';
import {showSession} from '../_helpers/session.tsx';
import {assertScreen} from '../_helpers/snapshot.ts';

const folder = fileURLToPath(new URL('snapshots', import.meta.url));
const small = {columns: 80, rows: 24};
const everything = /hopper[\s\S]*dora-eda/;
const ofDemo: UseCases['checkHost'] = (host, _, options) => checkDemoHost(host, options);

/** The demo's checks with one failure, in the words of a hostile machine. */
const withFailure: UseCases['checkHost'] = async (host, where, options) => {
	const {checks, facts} = await ofDemo(host, where, {...options, onChecks: () => {}});
	const failed = checks.map(
		(check): Check =>
			check.id === 'toolkit'
				? {
						...check,
						status: 'fail',
						found: '\u001B[2Jno toolkit \u202Eelif\u0007',
						why: 'The engine needs it to give GPUs to containers. '.repeat(6),
						fix: {
							text: 'Install the NVIDIA Container Toolkit',
							commands: [
								`sudo apt-get install -y nvidia-container-toolkit`,
								`sudo nvidia-ctk${' --option'.repeat(12)}`,
							],
							automatic: true,
						},
					}
				: check,
	);
	return {checks: failed, facts};
};

for (const size of [small, {columns: 60, rows: 20}, {columns: 120, rows: 40}, {columns: 200, rows: 60}]) {
	test(`doctor at ${size.columns}x${size.rows}`, async (t) => {
		const shown = await showSession(t, size, {useCases: {checkHost: withFailure}});
		await shown.waitFor(everything);
		shown.type('D');
		const screen = await shown.waitFor(/Doctor[\s\S]*failed {4}Container toolkit/);
		assert.ok(!screen.includes('\u202E') && !screen.includes('\u0007'));
		assertScreen(folder, `doctor-${size.columns}x${size.rows}`, screen);
	});
}

test('what is told about a check can be scrolled to its last line where there is little room', async (t) => {
	const shown = await showSession(t, {columns: 60, rows: 20}, {useCases: {checkHost: withFailure}});
	await shown.waitFor(everything);
	shown.type('D');
	await shown.waitFor(/no toolkit/);
	for (let page = 0; page < 9; page += 1) {
		shown.type(' ');
	}

	await shown.waitFor(/y copies it\. It is not run/);
});

test('checks are shown as they finish', async (t) => {
	const rest = Promise.withResolvers<void>();
	const shown = await showSession(t, small, {
		useCases: {
			async checkHost(host, where, options) {
				const examined = await ofDemo(host, where, options);
				await rest.promise;
				return examined;
			},
		},
	});
	await shown.waitFor(everything);
	shown.type('D');
	await shown.waitFor(/of 19 checked[\s\S]*passed {4}Driver/);
	await shown.waitFor(/checking/);
	rest.resolve();
	await shown.waitFor(/1 warning/);
});

test('a check again says which, and leaving the screen ends it', async (t) => {
	const asked: Array<string | undefined> = [];
	const signals: AbortSignal[] = [];
	const shown = await showSession(t, small, {
		useCases: {
			async checkHost(host, where, options) {
				asked.push(options.again?.id);
				signals.push(options.signal);
				const {checks, facts} = await ofDemo(host, where, options);
				return asked.length === 1
					? {checks, facts}
					: asked.length === 2
						? {checks: checks.filter(({status}) => status === 'ok'), facts}
						: new Promise<Examined>(() => {});
			},
		},
	});
	await shown.waitFor(everything);
	shown.type('D');
	await shown.waitFor(/1 warning/);
	shown.type('r');
	await shown.waitFor(/all passed/);
	assert.deepEqual(asked, [undefined, 'disk']);
	shown.type('R');
	await shown.waitFor(/5 of 19 checked/);
	assert.equal(signals[2]?.aborted, false);
	shown.type('\u001B');
	await shown.waitFor(/▸ Boxes/);
	assert.equal(signals[2]?.aborted, true);
});

test('a newer check ends the one before it, whose answer counts no more', async (t) => {
	const first = Promise.withResolvers<Examined>();
	const signals: AbortSignal[] = [];
	const shown = await showSession(t, small, {
		useCases: {
			async checkHost(host, where, options) {
				signals.push(options.signal);
				return signals.length === 1 ? first.promise : ofDemo(host, where, options);
			},
		},
	});
	await shown.waitFor(everything);
	shown.type('D');
	await shown.waitFor(/▸ Doctor/);
	shown.type('?');
	await shown.waitFor(/▸ Keys/);
	shown.type('D');
	await shown.waitFor(/1 warning/);
	assert.deepEqual(
		signals.map(({aborted}) => aborted),
		[true, false],
	);
	const {checks} = shown.session.store.get().facts.doctor;
	first.resolve({checks: [], facts: {} as Examined['facts']});
	await first.promise;
	await Promise.resolve();
	assert.equal(shown.session.store.get().facts.doctor.checks, checks);
});

test('a fix is asked about before it runs, whole, and not run without a yes', async (t) => {
	const shown = await showSession(
		t,
		{columns: 60, rows: 20},
		{
			prepare: (host) => Object.assign(host, {demo: false}),
			useCases: {checkHost: withFailure},
		},
	);
	await shown.waitFor(everything);
	shown.type('D');
	await shown.waitFor(/no toolkit/);
	shown.type('\t');
	shown.type('\r');
	const asked = await shown.waitFor(/A question first[\s\S]*Run this command\?/);
	assert.equal(asked.split('--option').length - 1, 12);
	shown.type('n');
	await shown.waitFor(/▸ Doctor/);
	assert.deepEqual(shown.session.store.get().facts.commands, []);
});

test('read-only, a fix is greyed and its key does nothing', async (t) => {
	const shown = await showSession(t, small, {readOnly: true, useCases: {checkHost: withFailure}});
	await shown.waitFor(everything);
	shown.type('D');
	await shown.waitFor(/no toolkit/);
	shown.type('\r');
	await shown.waitFor(/This session is read-only: nothing was done/);
	assert.equal(shown.session.store.get().view.asking, undefined);
});

test('on the demo host, no question leads to a fix: it would run on this machine', async (t) => {
	const shown = await showSession(t, small, {useCases: {checkHost: withFailure}});
	await shown.waitFor(everything);
	shown.type('D');
	await shown.waitFor(/no toolkit/);
	shown.type('\r');
	await shown.waitFor(/This does nothing here: this is a demo host/);
	assert.equal(shown.session.store.get().view.asking, undefined);
});

test('a fix for another machine does not run on this one', async (t) => {
	const shown = await showSession(t, small, {
		prepare: (host) => {
			Object.assign(host, {demo: false});
			Object.defineProperty(host.engine, 'local', {value: false});
		},
		useCases: {
			async checkHost(...given) {
				const {checks, facts} = await withFailure(...given);
				return {checks: checks.map((check) => ({...check, fix: check.fix && {...check.fix, elsewhere: true}})), facts};
			},
		},
	});
	await shown.waitFor(everything);
	shown.type('D');
	await shown.waitFor(/no toolkit/);
	shown.type('\r');
	await shown.waitFor(/This does nothing here: the engine is on another machine/);
	assert.equal(shown.session.store.get().view.asking, undefined);
});

test('checks are filtered; the one that is found stays chosen when all are shown again', async (t) => {
	const shown = await showSession(t, small, {useCases: {checkHost: withFailure}});
	await shown.waitFor(everything);
	shown.type('D');
	await shown.waitFor(/▸ ✕ failed {4}Container toolkit/);
	shown.type('/');
	shown.type('passed shared');
	await shown.waitFor(/1 found[\s\S]*▸ ✓ passed {4}Shared memory/);
	assert.doesNotMatch(shown.frame(), /failed {4}Container/);
	shown.type('\r');
	shown.type('\u001B');
	await shown.waitFor(/Container toolkit[\s\S]*▸ ✓ passed {4}Shared memory/);
	shown.type('/');
	shown.type('nothing at all');
	await shown.waitFor(/0 found[\s\S]*Nothing matches the filter/);
	shown.type('\u001B');
	await shown.waitFor(/▸ ✓ passed {4}Shared memory/);
	shown.type('\u001B');
	await shown.waitFor(/8 GPUs/);
});
