/** Text that is typed: whichever field is open takes it, so that editing keys are in one place for all of them. */

import type {ConfigAction} from '../config/config.ts';
import {isFiltering, type Lists} from '../lists/reduce-lists.ts';
import type {LogAction} from '../log/log-view.ts';
import type {OwnAction} from '../own/reduce-own.ts';
import type {PaletteAction} from '../palette/palette.ts';
import type {Field, Typed} from '../setup/field.ts';
import type {SetupAction} from '../setup/setup.ts';

/** What of the view says which field is open. */
type Fields = {
	asking: unknown;
	palette: unknown;
	own: unknown;
	screen: string;
	setup: {field: Field | undefined};
	config: {field: Field | undefined} | undefined;
	log: {prompt: object | undefined};
	lists: Lists;
};

type TypingAction =
	| {type: 'setup'; does: SetupAction}
	| {type: 'log'; does: LogAction}
	| {type: 'palette'; does: PaletteAction}
	| {type: 'own-prompt'; does: Exclude<Extract<OwnAction, {type: 'own-prompt'}>['does'], {what: 'enter' | 'close'}>}
	| {type: 'config'; does: ConfigAction}
	| {type: 'list'; does: {type: 'type-filter'; typed: Typed}};

/** What typing does now; undefined where nothing is typed. Each place with a field has a line here. */
export function typingAction(view: Fields, typed: Typed): TypingAction | undefined {
	if (view.asking !== undefined) {
		return undefined;
	}

	const does =
		'insert' in typed ? ({what: 'insert', text: typed.insert} as const) : ({what: 'edit', how: typed.edit} as const);
	if (view.palette !== undefined) {
		return {type: 'palette', does};
	}

	if (view.own !== undefined) {
		return {type: 'own-prompt', does};
	}

	if (view.config?.field !== undefined) {
		return {type: 'config', does};
	}

	if (view.screen === 'setup' && view.setup.field !== undefined) {
		return {type: 'setup', does};
	}

	if ((view.screen === 'log' || view.screen === 'main') && view.log.prompt !== undefined) {
		return {type: 'log', does};
	}

	return isFiltering(view) ? {type: 'list', does: {type: 'type-filter', typed}} : undefined;
}
