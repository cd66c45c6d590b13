import type {UpStep} from '../../box/up-steps.ts';

/** One step of `up` in words, with how far it is where that can be known. */
export function describeStep(step: UpStep): {step: string; share?: number | undefined} {
	switch (step.kind) {
		case 'pull': {
			const {currentBytes, totalBytes, status, layer} = step.progress;
			const known = currentBytes !== undefined && totalBytes !== undefined && totalBytes > 0;
			return {
				step: `pulling ${step.image}${layer === undefined ? '' : ` (layer ${layer.slice(0, 12)})`}: ${status.toLowerCase()}`,
				share: known ? currentBytes / totalBytes : undefined,
			};
		}

		case 'build': {
			return {step: `adding Jupyter to ${step.image}${step.line === '' ? '' : `: ${step.line}`}`};
		}

		case 'start': {
			return {step: `starting ${step.name}`};
		}

		case 'wait': {
			return {step: `waiting for ${step.service === 'jupyter' ? 'Jupyter' : 'SSH'} in ${step.name}`};
		}

		case 'note': {
			return {step: step.text};
		}
	}
}
