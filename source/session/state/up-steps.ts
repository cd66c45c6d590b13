import type {UpStep} from '../../box/up-steps.ts';
import {formatBytes} from '../../text/bytes.ts';
import {safeText} from '../../text/safe.ts';

type Told = {step: string; share?: number | undefined};

/** Puts the steps of one `up` into words. A pull is told as a whole: the engine speaks of every layer by itself. */
export function createStepTeller(): (step: UpStep) => Told {
	const layers = new Map<string, {current: number; total: number}>();
	return (step) => {
		switch (step.kind) {
			case 'pull': {
				return tellPull(step, layers);
			}

			case 'build': {
				return {step: `adding what ${step.image} lacks${step.line === '' ? '' : `: ${step.line}`}`};
			}

			case 'start': {
				return {step: `starting ${step.name}`};
			}

			case 'wait': {
				return {step: `waiting for ${step.service === 'jupyter' ? 'Jupyter' : 'SSH'} in ${step.name}`};
			}

			case 'post-create': {
				return {step: `${step.name}: ${safeText(step.line ?? step.command)}`};
			}

			case 'note': {
				return {step: step.text};
			}
		}
	};
}

function tellPull(
	{image, progress}: Extract<UpStep, {kind: 'pull'}>,
	layers: Map<string, {current: number; total: number}>,
): Told {
	const {layer, status, currentBytes, totalBytes} = progress;
	if (layer !== undefined && status === 'Downloading' && currentBytes !== undefined && totalBytes !== undefined) {
		layers.set(layer, {current: currentBytes, total: totalBytes});
	}

	const known = layers.get(layer ?? '');
	if (known !== undefined && status !== 'Downloading') {
		// Whatever comes after the download, this layer is all here.
		known.current = known.total;
	}

	let current = 0;
	let total = 0;
	for (const each of layers.values()) {
		current += each.current;
		total += each.total;
	}

	if (total === 0) {
		return {step: `pulling ${image}`};
	}

	return current === total
		? {step: `unpacking ${image}`}
		: {step: `pulling ${image}, ${formatBytes(current)} of ${formatBytes(total)}`, share: current / total};
}
