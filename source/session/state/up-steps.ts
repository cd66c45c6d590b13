import type {UpStep} from '../../box/up-steps.ts';
import {reducePull, startPull} from '../../image/pull-progress.ts';
import {shareOf, tellPull} from '../../image/pull-words.ts';
import {safeText} from '../../text/safe.ts';

type Told = {step: string; share?: number | undefined};

/** Puts the steps of one `up` into words. A pull is told as a whole: the engine speaks of every layer by itself. */
export function createStepTeller(): (step: UpStep) => Told {
	let pull = startPull();
	return (step) => {
		switch (step.kind) {
			case 'pull': {
				const now = performance.now();
				pull = reducePull(pull, step.progress, now);
				return {step: `pulling ${step.image}: ${tellPull(pull, now)}`, share: shareOf(pull, now)};
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
