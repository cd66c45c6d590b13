import {holdsCard} from '../../../box/gpus/process-names.ts';
import {stateOfCard} from '../../../gpu/state.ts';
import {formatBytes} from '../../../text/bytes.ts';
import type {Facts} from '../model.ts';
import type {Condition} from './events.ts';

/** NVML's bits of heat and of the power brake: what no one wants, as opposed to the power limit. */
const throttledBits = 0x20 | 0x40 | 0x80;
const heatBits = 0x20 | 0x40;

/** Of the disk; with room in between, so that it does not come and go. */
const fullBelow = 0.05;
const roomyFrom = 0.07;

/** How things are now, as far as it is worth a word when it changes. Pure. */
export function conditionsOf(facts: Facts): Condition[] {
	const cards = facts.gpu.inventory?.gpus ?? [];
	return [
		...facts.gpu.readings.flatMap((reading): Condition[] => {
			const {uuid, index, unread, throttleReasons = null, temperature} = reading;
			const {state, reason} = stateOfCard({
				...reading,
				processes: facts.gpu.processesUnknown
					? null
					: facts.gpu.processes.filter((process) => process.gpuUuid === uuid).length,
				held: facts.box.boxes.some((box) => holdsCard(box, uuid, cards)),
			});
			const known = !unread && state !== 'unknown';
			const bits = throttleReasons ?? 0;
			const degrees = temperature === null ? '' : ` at ${Math.round(temperature)} °C`;
			return [
				{
					kind: 'gpu-lost',
					subject: uuid,
					holds: unread ? undefined : state === 'unusable',
					severity: 'bad',
					text: `GPU ${index} ${state === 'unusable' ? (reason ?? 'is out of order') : 'is out of order'}`,
					fix: 'gpubox doctor says what to do',
				},
				{
					kind: 'gpu-throttled',
					subject: uuid,
					holds: throttleReasons === null ? undefined : (bits & throttledBits) !== 0,
					severity: 'bad',
					text: `GPU ${index} is slowed ${(bits & heatBits) === 0 ? 'by its power supply' : `by heat${degrees}`}`,
					fix: 'Enter on it shows since when',
				},
				{
					kind: 'gpu-free',
					subject: uuid,
					// Without the boxes a card that one holds would look free.
					holds: known && facts.box.phase === 'live' ? state === 'free' : undefined,
					severity: 'good',
					text: `GPU ${index} is free`,
					fix: '',
				},
			];
		}),
		diskCondition(facts),
	];
}

function diskCondition({host, tells}: Facts): Condition {
	const {diskFreeBytes: free = null, diskTotalBytes: total = null} = host ?? {};
	const share = free === null || total === null || total === 0 ? undefined : free / total;
	const wasFull = tells.events.conditions.get('disk-full ')?.shown === true;
	return {
		kind: 'disk-full',
		subject: '',
		holds: share === undefined ? undefined : share < (wasFull ? roomyFrom : fullBelow),
		severity: 'bad',
		text: `The disk of the engine is nearly full: ${free === null ? 'little' : formatBytes(free)} free`,
		fix: 'gpubox disk shows what takes the space',
	};
}
