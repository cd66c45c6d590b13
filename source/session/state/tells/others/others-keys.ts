/** Keys about GPUs that several users share: handing one back, extending a reservation, asking an owner. Pure. */
import type {PaletteView} from '../../palette/palette.ts';

export type OthersAction = {type: 'queue-up'} | {type: 'hand-back'} | {type: 'begin-command'; verb: 'extend' | 'ask'};

/** The line that the palette begins with: what is missing is typed at the cursor. */
export function beginCommand(verb: 'extend' | 'ask', name: string): PaletteView {
	const field = verb === 'extend' ? {before: `extend ${name} 4h`, after: ''} : {before: `ask ${name} "`, after: '"'};
	return {field, cursor: 0, fault: ''};
}
