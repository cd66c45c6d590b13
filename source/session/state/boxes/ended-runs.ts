import type {RunEnd} from '../../../app/runs/ended.ts';
import {type Box, isRunning} from '../../../box/box.ts';
import type {Context} from '../context.ts';

/**
Notices when a job of the user ends, however it was started, and says how.

@returns to be called with each new list of boxes
*/
export function createRunWatcher(
	context: Pick<Context, 'host' | 'store' | 'useCases' | 'signal' | 'say' | 'fail'> & {
		runEnded?: (name: string, end: RunEnd) => void;
	},
) {
	const {host, store, useCases, signal, say, fail, runEnded} = context;
	let running: readonly string[] = [];
	const tell = async (name: string) => {
		const end = await useCases.endOfRun(host, name, signal, store.get().facts.readOnly);
		if (end !== undefined && !signal.aborted) {
			runEnded?.(name, end);
			say(end.ok ? 'success' : 'failure', end.text, end.fix);
		}
	};

	return (boxes: readonly Box[]): void => {
		const now = boxes.filter((box) => box.mine && box.job !== undefined && isRunning(box)).map(({name}) => name);
		const ended = running.filter((name) => !now.includes(name));
		running = now;
		for (const name of ended) {
			tell(name).catch(fail);
		}
	};
}
