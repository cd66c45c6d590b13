/** The screen of `gpubox doctor`: which check is chosen, and what is asked before its fix is run. Pure. */
import type {Check, CheckId, CheckUnderWay, Examined} from '../../../app/check-host.ts';
import type {Diagnostic} from '../../../base/failure.ts';
import {safeText} from '../../../text/safe.ts';

export type AnyCheck = Check | CheckUnderWay;

export type DoctorState = {
	phase: 'unasked' | 'checking' | 'known' | 'failed';
	checks: readonly AnyCheck[];
	/** What the checks were made from; undefined until all of them are. */
	facts: Examined['facts'] | undefined;
	problem: Diagnostic | undefined;
	/** What is wrong with the settings that the checks read. */
	trouble: Diagnostic | undefined;
};

export const noDoctor: DoctorState = {
	phase: 'unasked',
	checks: [],
	facts: undefined,
	problem: undefined,
	trouble: undefined,
};

export type DoctorView = {
	/** Undefined until the user chooses: then it is the first problem. */
	chosen: CheckId | undefined;
	/** Which command of its fix. */
	command: number;
	/** The first line shown of what is told about it. */
	top: number;
};

export const firstDoctor: DoctorView = {chosen: undefined, command: 0, top: 0};

export type DoctorAction =
	| {what: 'open' | 'again' | 'all' | 'problem' | 'command' | 'ask-fix' | 'copy'}
	| {what: 'choose' | 'scroll'; by: number};

export type DoctorEffect =
	/** `again`: this check, and those of the layers above it; without it all are made. */
	| {type: 'check-host'; again?: CheckId}
	| {type: 'run-fix'; id: CheckId; command: string}
	| {type: 'copy'; label: string; value: string};

/** Asked before a command of a fix is run; takes a screen of its own, because nothing of it may be cut. */
export type FixQuestion = {
	what: 'fix';
	id: CheckId;
	/** Of the check. */
	about: string;
	text: string;
	command: string;
	top: number;
	armed?: true;
};

/** `checks` are those that are listed: the filter finds them. */
export type DoctorSituation = {checks: readonly AnyCheck[]; busy: boolean; lastTop: number};

type Reduced = {doctor: DoctorView; asking?: FixQuestion; screen?: 'doctor'; effects: DoctorEffect[]};

/** What a key does on the screen. */
export function reduceDoctor(
	doctor: DoctorView,
	does: DoctorAction,
	{checks, busy, lastTop}: DoctorSituation,
): Reduced {
	const check = chosenCheck(doctor, checks);
	switch (does.what) {
		case 'open': {
			return {doctor: firstDoctor, screen: 'doctor', effects: [{type: 'check-host'}]};
		}

		case 'choose': {
			const place = check === undefined ? 0 : checks.indexOf(check);
			return goTo(doctor, checks[Math.min(checks.length - 1, Math.max(0, place + does.by))]);
		}

		case 'problem': {
			return goTo(doctor, nextProblem(check, checks));
		}

		case 'command': {
			const count = fixOf(check)?.commands.length ?? 0;
			return {doctor: {...doctor, command: count === 0 ? 0 : (doctor.command + 1) % count}, effects: []};
		}

		case 'scroll': {
			return {doctor: {...doctor, top: Math.min(lastTop, Math.max(0, doctor.top + does.by))}, effects: []};
		}

		case 'again':
		case 'all': {
			if (busy) {
				return {doctor, effects: []};
			}

			const again = does.what === 'again' ? check?.id : undefined;
			return {doctor, effects: [again === undefined ? {type: 'check-host'} : {type: 'check-host', again}]};
		}

		case 'ask-fix': {
			const fix = askAboutFix(doctor, check);
			return 'whyNot' in fix ? {doctor, effects: []} : {doctor, asking: fix, effects: []};
		}

		case 'copy': {
			const command = chosenCommand(doctor, check);
			return command === undefined
				? {doctor, effects: []}
				: {doctor, effects: [{type: 'copy', label: safeText(command), value: command}]};
		}
	}
}

function goTo(doctor: DoctorView, check: AnyCheck | undefined): Reduced {
	return {doctor: check === undefined ? doctor : {chosen: check.id, command: 0, top: 0}, effects: []};
}

/** With the check chosen by hand that is shown as chosen: it stays so when more are listed. */
export function keepChosen(doctor: DoctorView, {checks}: Pick<DoctorSituation, 'checks'>): DoctorView {
	return {...doctor, chosen: chosenCheck(doctor, checks)?.id ?? doctor.chosen};
}

/** The check that a key is about: the one chosen, or else the first problem. */
export function chosenCheck({chosen}: Pick<DoctorView, 'chosen'>, checks: readonly AnyCheck[]): AnyCheck | undefined {
	return (
		checks.find(({id}) => id === chosen) ??
		checks.find(({status}) => status === 'fail') ??
		checks.find(({status}) => status === 'warn') ??
		checks[0]
	);
}

/** The next check below that has found something, from the top again after the last. */
function nextProblem(check: AnyCheck | undefined, checks: readonly AnyCheck[]): AnyCheck | undefined {
	const place = check === undefined ? 0 : checks.indexOf(check) + 1;
	return [...checks.slice(place), ...checks.slice(0, place)].find(({status}) => status === 'fail' || status === 'warn');
}

export function fixOf(check: AnyCheck | undefined): Check['fix'] {
	return check === undefined || check.status === 'checking' ? undefined : check.fix;
}

/** The command of the fix that a key is about. */
export function chosenCommand({command}: Pick<DoctorView, 'command'>, check: AnyCheck | undefined): string | undefined {
	const commands = fixOf(check)?.commands ?? [];
	return commands[command] ?? commands.at(-1);
}

// The commands write what the user has to put in like this: `gpubox config build.registryMirror HOST`.
const placeholder = /(?:^|\s)[A-Z]{2,}(?=\s|$)/;

/** What is asked before a command of a fix is run; or, in a few words, why there is nothing to run. */
export function askAboutFix(doctor: DoctorView, check: AnyCheck | undefined): FixQuestion | {whyNot: string} {
	const fix = fixOf(check);
	if (check === undefined || fix === undefined) {
		return {whyNot: check?.status === 'checking' ? 'it is being checked' : 'there is nothing to fix'};
	}

	const command = chosenCommand(doctor, check);
	if (command === undefined) {
		return {whyNot: 'no command can do it'};
	}

	if (placeholder.test(command)) {
		return {whyNot: 'the word in capitals has to be replaced'};
	}

	// What is agreed to must be what is run.
	return safeText(command) === command
		? {what: 'fix', id: check.id, about: check.title, text: safeText(fix.text), command, top: 0}
		: {whyNot: 'it has characters that cannot be shown'};
}

/** The question as its screen shows it. */
export function fixScreen({about, text, command, top, armed}: FixQuestion): {
	title: string;
	lines: string[];
	question: string;
	top: number;
	armed?: true;
} {
	return {
		title: `${about}: ${text}`,
		lines: [`$ ${command}`, '', 'It runs on this terminal with your rights; sudo asks for your password itself.'],
		question: 'Run this command?',
		top,
		...(armed ? {armed} : {}),
	};
}

/** After a command of a fix has done its work: the next one of the same fix is marked. */
export function afterFix(doctor: DoctorView, check: AnyCheck | undefined): DoctorView {
	const last = (fixOf(check)?.commands.length ?? 0) - 1;
	return check === undefined ? doctor : {...doctor, chosen: check.id, command: Math.min(last, doctor.command + 1)};
}
