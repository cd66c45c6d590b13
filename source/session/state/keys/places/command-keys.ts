import type {Binding} from '../binding.ts';

/** The command log, beside the keys of every list. */
export const commandKeys: Binding[] = [{scope: 'commands', keys: ['C'], label: 'Back', action: {type: 'back'}}];
