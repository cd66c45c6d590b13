import {processStart} from '../../base/process/process-start.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {readRecord} from '../record.ts';

/** Whether a box was set aside by a run that has ended. */
export function isLeftAside({paths}: Pick<Host, 'paths'>, box: Box): boolean {
	if (!box.mine || !box.replaced || box.folder === undefined) {
		return false;
	}

	const by = readRecord(paths, box.folder)?.replacedBy;
	return by === undefined || by.startedAt === '' || processStart(by.pid) !== by.startedAt;
}
