import type {Box} from '../../box/box.ts';

/** Whether something runs in it now. */
export function isRunning(box: Pick<Box, 'state'>): boolean {
	return box.state === 'running' || box.state === 'restarting' || box.state === 'paused';
}
