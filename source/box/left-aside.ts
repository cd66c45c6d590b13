import {exitCode, Failure} from '../base/failure.ts';
import {hasEnded} from '../base/process/process-start.ts';
import type {Host} from '../host/host.ts';
import type {Box} from './box.ts';
import {readRecord} from './record.ts';

type Place = Pick<Host, 'paths'>;

/** Whether a box was set aside by a run that has ended. */
export function isLeftAside(host: Place, box: Box): boolean {
	return box.mine && box.replaced === true && box.folder !== undefined && replacerOf(host, box) === undefined;
}

/** Whether another run is about to set a box aside, or has done so. */
export function isBeingReplaced(host: Place, box: Box): boolean {
	const pid = replacerOf(host, box);
	return pid !== undefined && pid !== process.pid;
}

/** Its pid while it runs. */
function replacerOf({paths}: Place, {folder}: Box): number | undefined {
	const by = folder === undefined ? undefined : readRecord(paths, folder)?.replacedBy;
	return by === undefined || hasEnded(by) ? undefined : by.pid;
}

/** Of whoever needs a box that another run is replacing at this moment. */
export function beingRecreated({name}: Pick<Box, 'name'>): Failure {
	return new Failure(`${name} is being recreated by another gpubox.`, {
		fix: 'Wait until that is done, then try again. To see the box: gpubox ls',
		exitCode: exitCode.taken,
	});
}
