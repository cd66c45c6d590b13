import type {UpStep} from '../../../box/up/types.ts';
import type {PullProgress} from '../../../engine/engine.ts';
import {shareOf, tellPull} from '../../../image/pull/pull-messages.ts';
import {reducePull, startPull} from '../../../image/pull/pull-progress.ts';
import {safeText} from '../../../text/safe.ts';

type Told = {step: string; share?: number | undefined};

/** Describes one pull as a whole: the engine reports each layer separately. */
export function createPullTeller(): (progress: PullProgress) => Told {
	let pull = startPull();
	return (progress) => {
		const now = performance.now();
		pull = reducePull(pull, progress, now);
		return {step: tellPull(pull, now), share: shareOf(pull, now)};
	};
}

/** Describes the steps of one `up`. */
export function createStepTeller(): (step: UpStep) => Told {
	const tellPulled = createPullTeller();
	return (step) => {
		switch (step.kind) {
			case 'pull': {
				const told = tellPulled(step.progress);
				return {...told, step: `pulling ${step.image}: ${told.step}`};
			}

			case 'build': {
				return {step: `adding services to ${step.image}${step.line === '' ? '' : `: ${step.line}`}`};
			}

			case 'work': {
				return {step: `${step.doing}${step.detail === '' ? '' : `: ${step.detail}`}`};
			}

			case 'queue': {
				return {step: `waiting for GPUs behind ${step.behind.join(', ')}`};
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
