import type {Context} from '../context.ts';
import {shownKey} from '../keys/key-names.ts';
import {hasMouse, mouseOff, mouseOn} from './mouse-modes.ts';

/** Takes the mouse of the terminal, or lets go of it; while it is reported, the terminal's own selection needs Shift, or this key once more. */
export function turnMouse({store, terminal, say}: Context, {on}: {on: boolean}): void {
	if (on && !hasMouse(process.env)) {
		say('note', 'This terminal has no mouse');
		return;
	}

	void terminal.then(({write}) => write(on ? mouseOn : mouseOff));
	store.changeNow((state) => ({...state, view: {...state.view, mouse: on}}));
	const [key = ''] = store.get().facts.keys.bindings.find(({action}) => action.type === 'mouse')?.keys ?? [];
	if (on) {
		say(
			'note',
			'The mouse selects and scrolls here',
			`${shownKey(key)} gives it back; with Shift most terminals still select text`,
		);
	} else {
		say('note', 'The mouse is the terminal’s again', `${shownKey(key)} takes it back`);
	}
}
