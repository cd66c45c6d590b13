import {safeText} from '../../text/safe.ts';

/**
Programs use the GPUs that CUDA_VISIBLE_DEVICES names; many set it in front of every command, or in their profile. A box gets its GPUs by --gpus
alone, and silently they would be others. CUDA itself may number them another way than nvidia-smi does.

@returns what to type instead; undefined where the variable is not set
*/
export function noteVisibleDevices({CUDA_VISIBLE_DEVICES: value}: NodeJS.ProcessEnv): string | undefined {
	if (value === undefined) {
		return undefined;
	}

	return `CUDA_VISIBLE_DEVICES=${safeText(value)} of your shell does not choose GPUs here; ${optionFor(value)} does, with the numbers of nvidia-smi.`;
}

function optionFor(value: string): string {
	const names = value.split(',').map((name) => name.trim());
	// CUDA takes those before the first that does not exist.
	if (value.trim() === '' || names[0] === '-1') {
		return '--gpus none';
	}

	return names.every((name) => /^(?:\d+|(?:GPU|MIG)-[\w/-]+)$/.test(name))
		? `--gpus ${names.length === 1 && /^\d/.test(value.trim()) ? 'device=' : ''}${names.join(',')}`
		: '--gpus';
}
