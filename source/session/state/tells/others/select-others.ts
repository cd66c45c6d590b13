/** What the keys about GPUs that several users share are about, and why they do nothing. Pure. */
import {type Box, isRunning} from '../../../../box/box.ts';
import {holdsCard} from '../../../../box/gpus/process-names.ts';
import {ownerText} from '../../../../box/list.ts';
import {boxOf} from '../../boxes/shown-boxes.ts';
import type {Facts} from '../../model.ts';
import type {View} from '../../reduce.ts';
import type {OthersAction} from './others-keys.ts';

/** The caller's running box that holds the chosen GPU. */
export function ownHolder({gpu, box}: Facts, {gpuUuid}: View): Box | undefined {
	const uuid = gpuUuid ?? gpu.readings[0]?.uuid;
	const cards = gpu.inventory?.gpus ?? [];
	return uuid === undefined
		? undefined
		: box.boxes.find((each) => each.mine && isRunning(each) && holdsCard(each, uuid, cards));
}

/** Why the key does nothing, in a few words. */
export function whyNotOthers(action: OthersAction, facts: Facts, view: View): string | undefined {
	if (action.type === 'hand-back') {
		return ownHolder(facts, view) === undefined ? 'no box of yours holds it' : undefined;
	}

	if (action.type === 'queue-up') {
		return undefined;
	}

	const box = boxOf({facts, view});
	if (box === undefined) {
		return 'there is no box';
	}

	if (action.verb === 'ask') {
		return box.mine ? 'it is yours' : box.ownerIs === 'claimed' ? 'its owner is not known' : onlyReal(facts);
	}

	return box.mine
		? box.until === undefined
			? 'it has no reservation'
			: onlyReal(facts)
		: `it belongs to ${ownerText(box)}`;
}

/** The command runs as a program of its own, which knows the real host only. */
function onlyReal({demo}: Facts): string | undefined {
	return demo === false ? undefined : 'runs on a real host only';
}
