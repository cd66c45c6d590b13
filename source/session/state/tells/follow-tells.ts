import type {Context} from '../context.ts';
import {type AlertWishes, createAlert} from './alert.ts';
import {followQueue} from './others/watch-queue.ts';
import {type EventsWatch, followEvents} from './watch-events.ts';
import {followIdleness} from './watch-idle.ts';
import {followVerdicts} from './watch-verdicts.ts';

/** Notices what the user should know about boxes and GPUs. @param now milliseconds since 1970 */
export function followTells(context: Context, wishes: () => AlertWishes, now: () => number): EventsWatch {
	const {host, store, signal, useCases, tasks, say, fail, terminal} = context;
	followVerdicts(host, store, signal);
	tasks.track(followIdleness(host, store, {signal, useCases}));
	const alert = createAlert({
		wishes,
		signal,
		isLent: () => store.get().facts.lent,
		write: (text) => void terminal.then(({write}) => write(text)).catch(fail),
		onTrouble: (text) => say('note', `The command of events.command failed: ${text}`, 'gpubox config events.command'),
	});
	tasks.track(followQueue(host, store, {signal}));
	return followEvents({
		host,
		store,
		signal,
		now,
		alert(news) {
			alert(news);
			const worst = news.findLast(({kind, severity}) => severity === 'bad' && kind !== 'run-ended');
			// A run that ended is said with what to do about it.
			if (worst !== undefined && store.get().facts.message?.kind !== 'failure') {
				say('failure', worst.text, worst.fix);
			}
		},
	});
}
