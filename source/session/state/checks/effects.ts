import {runOnTerminal} from '../command-log/run-command.ts';
import type {Context} from '../context.ts';
import {problemOf} from '../model.ts';
import {onChange, type SessionState, type SessionStore, withFacts} from '../store.ts';
import {afterFix, type DoctorEffect, type DoctorState, noDoctor} from './doctor.ts';

type Effect<Type extends DoctorEffect['type']> = Extract<DoctorEffect, {type: Type}>;

/** Also below the help, which is a part of the screen. */
function isShown({view}: SessionState): boolean {
	return (view.screen === 'help' ? view.behindHelp : view.screen) === 'doctor';
}

/** Of each session the check that is under way, for a newer one to end it: what it found would replace what is newer. It is gone with its end. */
const underWay = new WeakMap<SessionStore, AbortController>();

/** Checks the host, or one layer of it again, until the screen is left or another check begins. */
export function checkHost(context: Context, {again}: Effect<'check-host'>): void {
	const {host, store, useCases, folder, signal, tasks} = context;
	const {facts: before} = store.get().facts.doctor;
	const left = new AbortController();
	const interrupted = underWay.get(store);
	interrupted?.abort();
	underWay.set(store, left);
	const end = onChange(store, isShown, () => left.abort());
	const change = (doctor: Partial<DoctorState>) => {
		if (!left.signal.aborted) {
			store.change(withFacts((facts) => ({doctor: {...facts.doctor, ...doctor}})));
		}
	};

	// What was known before one that is not finished is not known any more.
	const part =
		again !== undefined && before !== undefined && interrupted === undefined ? {id: again, before} : undefined;
	change(part === undefined ? {...noDoctor, phase: 'checking'} : {phase: 'checking', problem: undefined});
	const work = async () => {
		try {
			const {checks, facts} = await useCases.checkHost(host, folder, {
				deep: false,
				signal: AbortSignal.any([signal, left.signal]),
				onChecks: (soFar) => change({checks: soFar}),
				onTrouble: ({message, fix}) => change({trouble: {message, fix}}),
				...(part && {again: part}),
			});
			change({phase: 'known', checks, facts});
		} catch (error) {
			change({phase: 'failed', problem: problemOf(error, host.engine.address)});
		} finally {
			end();
			if (underWay.get(store) === left) {
				underWay.delete(store);
			}
		}
	};
	tasks.track(work());
}

/** Runs a command of a fix on the terminal, and then checks again what it was to fix. */
export function runFix(context: Context, {id, command}: Effect<'run-fix'>): void {
	const {store, signal} = context;
	runOnTerminal(context, {shown: command, file: 'sh', arguments: ['-c', command]}, (code) => {
		if (!signal.aborted && isShown(store.get())) {
			store.change((state) => {
				const {facts, view} = state;
				const check = facts.doctor.checks.find((each) => each.id === id);
				return code === 0 ? {...state, view: {...view, doctor: afterFix(view.doctor, check)}} : state;
			});
			checkHost(context, {type: 'check-host', again: id});
		}
	});
}
