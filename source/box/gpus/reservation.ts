/**
The end of a reservation (`up --for`) is in a label, and the engine changes no labels. So an extension is a container that is never run, as
a claim is (claim-start.ts): everyone sees it with the list of boxes, and the later end counts (`withExtensions` in list.ts).
*/
import {randomBytes} from 'node:crypto';
import {exitCode, Failure} from '../../base/failure.ts';
import type {Host} from '../../host/host.ts';
import {type Box, extensionPrefix, label} from '../box.ts';
import {listClaims, ownerText} from '../list.ts';
import {removeUnlessRunning} from '../remove-container.ts';
import {placeholderSpec} from './claim-start.ts';

/** When a reservation ends that is extended by so many milliseconds: one that has expired begins now. Pure. */
export function extendedUntil(until: Date, byMs: number, now: Date): Date {
	return new Date(Math.max(until.getTime(), now.getTime()) + byMs);
}

/**
Extends the reservation of a box of the caller.

@returns its new end
@throws Failure (usage) when it has none; Failure for a box of another user; EngineError
*/
export async function extendReservation(host: Host, box: Box, byMs: number, now = new Date()): Promise<Date> {
	if (!box.mine) {
		throw new Failure(`${box.name} belongs to ${ownerText(box)}, who alone can extend its reservation.`, {
			fix: `To ask for its GPUs: gpubox ask ${box.name} "TEXT"`,
			exitCode: exitCode.failed,
		});
	}

	if (box.until === undefined) {
		throw new Failure(`${box.name} has no reservation, so none expires.`, {
			fix: 'A reservation is made with the box: gpubox up --for 4h',
			exitCode: exitCode.usage,
		});
	}

	const until = extendedUntil(box.until, byMs, now);
	if (Number.isNaN(until.getTime())) {
		throw new Failure('No reservation is that long.', {fix: 'For example: 30m, 4h or 2d', exitCode: exitCode.usage});
	}

	const made = await host.engine.createContainer(
		placeholderSpec(`${extensionPrefix}${box.id.slice(0, 16)}-${randomBytes(4).toString('hex')}`, box, {
			[label.kind]: 'extension',
			[label.uid]: String(host.person.uid),
			[label.until]: until.toISOString(),
		}),
	);
	const former = (await listClaims(host)).filter(
		(claim) => claim.extension && claim.startOf === box.id && isFormer(claim, {id: made, until}),
	);
	for (const container of former) {
		await removeUnlessRunning(host, container);
	}

	return until;
}

/** Of two that are made at the same moment one remains, the later end. */
function isFormer({id, until}: Pick<Box, 'id' | 'until'>, made: {id: string; until: Date}): boolean {
	const difference = (until?.getTime() ?? 0) - made.until.getTime();
	return difference === 0 ? id < made.id : difference < 0;
}
