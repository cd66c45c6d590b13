import type {Context} from '../context.ts';
import type {InspectEffect, SignalTarget} from './inspect.ts';

type About<T extends InspectEffect['type']> = Extract<InspectEffect, {type: T}>;

/** Finds out whose a process is, and asks whether to end it where the user may. */
export function findProcess({host, store, useCases, say, fail, tasks}: Context, effect: About<'find-process'>): void {
	const {gpu} = store.get().facts;
	const listed = gpu.processes.find(({pid, gpuUuid}) => pid === effect.pid && gpuUuid === effect.uuid);
	if (listed === undefined) {
		say('note', `Process ${effect.pid} has ended`);
		return;
	}

	const name = listed.name?.split('/').at(-1) ?? 'process';
	const label = `${name} ${listed.pid}`;
	const look = async () => {
		const found = await useCases.findProcess(host, listed);
		switch (found.kind) {
			case 'gone': {
				say('note', `${label} has ended`);
				break;
			}

			case 'elsewhere': {
				say('note', `${label} cannot be identified on this machine`, 'End it where it runs, or stop its box');
				break;
			}

			case 'foreign': {
				const whose = found.user ?? listed.user ?? 'another user';
				const where = listed.box === null ? '' : `, in ${listed.box}`;
				say('note', `Not permitted: ${label} belongs to ${whose}${where}`, `Ask ${whose} to end it`);
				break;
			}

			case 'own': {
				const target: SignalTarget = {pid: listed.pid, start: found.start, name, user: found.user, box: listed.box};
				// It was asked before and is still the same process: only then may it be killed.
				const again = store.get().view.inspect.ended.includes(`${target.pid}:${target.start}`);
				store.changeNow((state) =>
					state.view.asking === undefined && state.view.screen === 'gpu'
						? {
								...state,
								view: {...state.view, asking: {what: 'signal', send: again ? 'SIGKILL' : 'SIGTERM', target}},
							}
						: state,
				);
				break;
			}
		}
	};

	tasks.track(look().catch(fail));
}

/** Sends the signal that was agreed to. */
export function sendSignal({host, useCases, say, fail, tasks}: Context, {send, target}: About<'signal'>): void {
	const label = `${target.name} ${target.pid}`;
	const work = async () => {
		switch (await useCases.signalProcess(host, target, send)) {
			case 'sent': {
				const fix = send === 'SIGTERM' ? 'If it is still listed later, the same key offers to kill it' : '';
				say('success', send === 'SIGTERM' ? `${label} was asked to end` : `${label} was killed`, fix);
				break;
			}

			case 'gone': {
				say('note', `${label} had ended already; nothing was sent`);
				break;
			}

			case 'not-permitted': {
				say('failure', `Not permitted to send ${send} to ${label}`, `It belongs to ${target.user}: ask them to end it`);
				break;
			}
		}
	};

	tasks.track(work().catch(fail));
}
