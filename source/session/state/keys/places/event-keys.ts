import type {Binding} from '../binding.ts';

/** The list of what happened, beside the keys of every list. */
export const eventKeys: Binding[] = [{scope: 'events', keys: ['A'], label: 'Back', action: {type: 'back'}}];
