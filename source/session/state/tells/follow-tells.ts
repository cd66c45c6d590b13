import type {Context} from '../context.ts';
import {followIdleness} from './watch-idle.ts';
import {followVerdicts} from './watch-verdicts.ts';

/** Notices what the user should know about boxes and GPUs. */
export function followTells(context: Context): void {
	const {host, store, signal, useCases, tasks} = context;
	followVerdicts(host, store, signal);
	tasks.track(followIdleness(host, store, {signal, useCases}));
}
