import {copyText} from '../../clipboard.ts';
import type {Context} from '../context.ts';
import type {CopyAbout} from './copy-about.ts';

/** Fills the open menu with what there is to copy. */
export function findCopies(context: Context, {about}: {about: CopyAbout}): void {
	const {host, store, fail} = context;
	void import('./copy-choices.ts')
		.then(({copyChoices}) => {
			const {title, items} = copyChoices(host, store.get().facts, about);
			// Closed meanwhile, it stays closed.
			store.changeNow((state) => ({
				...state,
				view: {...state.view, menu: state.view.menu && {...state.view.menu, title, items}},
			}));
		})
		.catch(fail);
}

/** Hands a text to the terminal's clipboard, and says how sure that is. */
export function copy(context: Context, {label, value}: {label: string; value: string}): void {
	const {say, fail, signal, terminal} = context;
	void terminal
		.then(({write}) => copyText(value, {environment: process.env, write, signal}))
		.then((copied) => {
			if (!copied.sent) {
				say('failure', copied.reason, 'Mark it with the mouse instead');
			} else {
				say('success', `Copied: ${label}`, copied.doubt === undefined ? '' : `If nothing arrived: ${copied.doubt}`);
			}
		})
		.catch(fail);
}
