import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Check} from '../../../../source/app/check-host.ts';
import {
	type AnyCheck,
	afterFix,
	askAboutFix,
	chosenCheck,
	firstDoctor,
	reduceDoctor,
} from '../../../../source/session/state/checks/doctor.ts';

const checkNamed = (id: Check['id'], status: Check['status'], commands?: string[]): Check => ({
	id,
	title: id,
	status,
	found: '',
	why: '',
	fix: commands && {text: 'Do it', commands, automatic: true},
});
const checks: AnyCheck[] = [
	checkNamed('gpu', 'ok'),
	checkNamed('driver', 'warn', ['first', 'second']),
	checkNamed('engine', 'fail', ['start']),
	{id: 'disk', title: 'disk', status: 'checking'},
	checkNamed('registry', 'warn', ['gpubox config build.registryMirror HOST']),
	checkNamed('clock', 'fail', []),
	checkNamed('proxy', 'fail', ['printf \u001B[31m']),
];
const situation = {checks, busy: false, lastTop: 4};

test('without a choice the first that failed is meant, and the next problem comes around', () => {
	assert.equal(chosenCheck(firstDoctor, checks)?.id, 'engine');
	assert.equal(chosenCheck(firstDoctor, checks.slice(0, 2))?.id, 'driver');
	const seen = ['engine'];
	for (let doctor = firstDoctor, step = 0; step < 5; step += 1) {
		({doctor} = reduceDoctor(doctor, {what: 'problem'}, situation));
		seen.push(String(doctor.chosen));
	}

	assert.deepEqual(seen, ['engine', 'registry', 'clock', 'proxy', 'driver', 'engine']);
});

test('a command of a fix is asked about before it runs, one at a time', () => {
	const driver = {...firstDoctor, chosen: 'driver'} as const;
	const {asking, effects} = reduceDoctor(driver, {what: 'ask-fix'}, situation);
	assert.deepEqual(effects, []);
	assert.equal(asking?.command, 'first');
	const {doctor} = reduceDoctor(driver, {what: 'command'}, situation);
	assert.equal(reduceDoctor(doctor, {what: 'ask-fix'}, situation).asking?.command, 'second');
	assert.equal(reduceDoctor(doctor, {what: 'command'}, situation).doctor.command, 0);
	assert.equal(afterFix(driver, checks[1]).command, 1);
	assert.equal(afterFix({...driver, command: 1}, checks[1]).command, 1);
});

test('what cannot be run as it is shown is not offered', () => {
	const why = (id: AnyCheck['id']) => {
		const asked = askAboutFix(
			firstDoctor,
			checks.find((check) => check.id === id),
		);
		return 'whyNot' in asked ? asked.whyNot : undefined;
	};
	assert.match(why('registry') ?? '', /capitals/);
	assert.match(why('clock') ?? '', /no command/);
	assert.match(why('proxy') ?? '', /cannot be shown/);
	assert.match(why('gpu') ?? '', /nothing to fix/);
	assert.match(why('disk') ?? '', /being checked/);
	assert.equal(why('engine'), undefined);
});

test('one check, or all, are made again, unless that is under way', () => {
	assert.deepEqual(reduceDoctor(firstDoctor, {what: 'again'}, situation).effects, [
		{type: 'check-host', again: 'engine'},
	]);
	assert.deepEqual(reduceDoctor(firstDoctor, {what: 'all'}, situation).effects, [{type: 'check-host'}]);
	assert.deepEqual(reduceDoctor(firstDoctor, {what: 'all'}, {...situation, busy: true}).effects, []);
});

test('the details scroll within their lines, and from the first line at another check', () => {
	const {doctor} = reduceDoctor(firstDoctor, {what: 'scroll', by: 9}, situation);
	assert.equal(doctor.top, 4);
	assert.deepEqual(reduceDoctor(doctor, {what: 'choose', by: -1}, situation).doctor, {
		chosen: 'driver',
		command: 0,
		top: 0,
	});
});
