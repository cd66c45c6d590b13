/** Several machines in words, for the table of `gpubox hosts` and the session's screen. Pure; everything here is safe to print. */
import type {CardState} from '../../gpu/state.ts';
import {formatBytes} from '../../text/bytes.ts';
import {safeText} from '../../text/safe.ts';
import {shellQuote} from '../../text/shell-quote.ts';
import type {RunElsewhere} from '../runs/elsewhere.ts';
import {nameElsewhere} from '../runs/name-elsewhere.ts';
import {type HostFacts, hasAnswered, isKnown, missingAnswers} from './facts.ts';

/** In place of what is not known. */
export const unknownCell = '?';

export const cardStates: readonly CardState[] = ['free', 'busy', 'held', 'unusable', 'unknown'];

/** How many cards are in each state; undefined where the cards are not known. */
export function countCards({gpus}: Pick<HostFacts, 'gpus'>): Record<CardState, number> | undefined {
	if (!isKnown(gpus)) {
		return undefined;
	}

	const counts = {free: 0, busy: 0, held: 0, unusable: 0, unknown: 0};
	for (const {state} of gpus.value.cards) {
		counts[state] += 1;
	}

	return counts;
}

/** `8 × NVIDIA H100 80GB HBM3`; `none` where the driver says so. */
export function cardsCell({gpus}: Pick<HostFacts, 'gpus'>): string {
	if (!isKnown(gpus)) {
		return unknownCell;
	}

	const names = new Map<string, number>();
	for (const {name} of gpus.value.cards) {
		names.set(name, (names.get(name) ?? 0) + 1);
	}

	return [...names].map(([name, count]) => `${count} × ${safeText(name)}`).join(', ') || 'none';
}

/** `3 of 8 free, 4 busy, 1 held` */
export function statesCell(facts: Pick<HostFacts, 'gpus'>): string {
	const counts = countCards(facts);
	if (counts === undefined) {
		return unknownCell;
	}

	const total = cardStates.reduce((sum, state) => sum + counts[state], 0);
	const others = cardStates.filter((state) => state !== 'free' && counts[state] > 0);
	return total === 0
		? 'no GPU'
		: [`${counts.free} of ${total} free`, ...others.map((state) => `${counts[state]} ${state}`)].join(', ');
}

export function driverCell({gpus}: Pick<HostFacts, 'gpus'>): string {
	return isKnown(gpus)
		? safeText(gpus.value.driverVersion ?? (gpus.value.cards.length === 0 ? '-' : unknownCell))
		: unknownCell;
}

/** The caller's own, those that run first. */
export function boxesCell({boxes}: Pick<HostFacts, 'boxes'>): string {
	if (!isKnown(boxes)) {
		return unknownCell;
	}

	const running = boxes.value.filter(({state}) => state === 'running');
	const others = boxes.value.filter(({state}) => state !== 'running');
	return [...running.map(({name}) => name), ...others.map(({name, state}) => `${name} (${state})`)].join(', ') || '-';
}

export function diskCell({disk}: Pick<HostFacts, 'disk'>): string {
	return isKnown(disk) ? formatBytes(disk.value) : unknownCell;
}

/** `fits: image there`; undefined where no lock is asked about. */
export function lockCell({lock}: Pick<HostFacts, 'lock'>): string | undefined {
	if (lock === undefined) {
		return undefined;
	}

	if (!isKnown(lock)) {
		return unknownCell;
	}

	const {fits, why} = lock.value;
	return `${fits === null ? 'not known' : fits ? 'fits' : 'does not fit'}: ${why}`;
}

/** What a host did not answer, each reason once. Each with what to do, which may be empty. */
export function troubleLines(facts: HostFacts): Array<{text: string; fix: string}> {
	const missing = missingAnswers(facts);
	const [first] = missing;
	if (first === undefined) {
		const note = isKnown(facts.gpus) ? facts.gpus.value.note : null;
		return note === null ? [] : [{text: note, fix: ''}];
	}

	if (!hasAnswered(facts)) {
		return [{text: first.why, fix: first.fix}];
	}

	const reasons = new Map<string, {names: string[]; fix: string}>();
	for (const {what, why, fix} of missing) {
		const names = [...(reasons.get(why)?.names ?? []), partNames[what]];
		reasons.set(why, {names, fix: reasons.get(why)?.fix || fix});
	}

	return [...reasons].map(([why, {names, fix}]) => ({text: `${names.join(', ')} not known: ${why}`, fix}));
}

const partNames = {gpus: 'GPUs', boxes: 'boxes', disk: 'free disk', lock: 'fit of gpubox.lock'};

/** The runs that were started from here on a host, the newest first: `gpu2:alice-train-3  done, exit code 0  python train.py`. */
export function runsOn(runs: readonly RunElsewhere[], host: string | undefined): string[] {
	return runs
		.filter(({record}) => record.host === host)
		.sort((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1))
		.map(({record, state}) => {
			const code = record.there?.exitCode ?? null;
			const how = state === 'unknown' ? 'state unknown' : code === null ? state : `${state}, exit code ${code}`;
			return safeText([nameElsewhere(record), how, record.command.map(shellQuote).join(' ')].join('  '));
		});
}
