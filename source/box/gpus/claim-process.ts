/** Which process a claim on a card belongs to: in the record of the user's own box, which no one else can write. */
import {hasEnded, thisProcess} from '../../base/process/process-start.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {readRecord, writeRecord} from '../record.ts';

type Place = Pick<Host, 'paths'>;

/** Writes down that this process holds the claims, so that another one of the user can tell when it has ended. Only a holder writes, and names its claims. */
export function noteClaims({paths}: Place, {mine, folder}: Box, claims: readonly string[]): void {
	const record = mine && folder !== undefined ? readRecord(paths, folder) : undefined;
	if (folder !== undefined && record) {
		writeRecord(paths, folder, {...record, claimedBy: {...thisProcess(), claims: [...claims]}}, {replaceable: true});
	}
}

/** Whether a claim for a box of the user has lost its process. Where that is not known, it expires. */
export function isLeft({paths}: Place, claim: Box, boxes: readonly Box[]): boolean {
	const box = boxes.find(({id}) => id === claim.startOf);
	const by = box?.mine && box.folder !== undefined ? readRecord(paths, box.folder)?.claimedBy : undefined;
	return by?.claims.includes(claim.id) === true && hasEnded(by);
}
