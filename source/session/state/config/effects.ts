import type {Context} from '../context.ts';
import {problemOf} from '../model.ts';
import {turnMouse} from '../mouse/effects.ts';
import {withFacts} from '../store.ts';
import {type ConfigEffect, type ConfigState, isOfSession, noConfig, noteOf} from './config.ts';

type Effect<Type extends ConfigEffect['type']> = Extract<ConfigEffect, {type: Type}>;

/** Reads all settings of the user. */
export function loadSettings(context: Context): void {
	context.store.change(withFacts(({config}) => ({config: {...config, phase: 'waiting'}})));
	context.tasks.track(load(context));
}

async function load({host, store, useCases}: Context): Promise<void> {
	const change = (config: Partial<ConfigState>) =>
		store.changeNow(withFacts(() => ({config: {...noConfig, ...config}})));
	try {
		const own = await useCases.listSettings();
		change({phase: 'known', own, problem: own.ignored});
	} catch (error) {
		change({phase: 'failed', problem: problemOf(error, host.engine.address)});
	}
}

/** Sets one, or forgets it. A value that is refused stays in the field, with the reason. */
export function changeSetting(context: Context, {key, text}: Effect<'change-setting'>): void {
	const {host, store, useCases, say, tasks} = context;
	const begun = store.get().view.config?.setting;
	const isOpen = () => begun !== undefined && store.get().view.config?.setting === begun;
	const work = async () => {
		try {
			await useCases.changeSetting(key, text);
		} catch (error) {
			const {message, fix} = problemOf(error, host.engine.address);
			if (!isOpen()) {
				say('failure', message, fix);
			} else {
				store.changeNow((state) => ({
					...state,
					view: {...state.view, config: state.view.config && {...state.view.config, fault: message}},
				}));
			}

			return;
		}

		// Another that was opened since stays open.
		if (isOpen()) {
			store.changeNow((state) => ({...state, view: {...state.view, config: undefined}}));
		}

		if (isOfSession(key)) {
			const settings = await useCases.sessionSettings();
			context.applySettings(settings);
			const mouse = settings.look.mouse === 'on';
			// The key may have changed it since, so other settings leave it alone.
			if (key === 'mouse' && mouse !== store.get().view.mouse) {
				turnMouse(context, {on: mouse});
			}
		}

		await load(context);
		const note = noteOf(key);
		say('success', text === undefined ? `${key} is no longer set by you` : `${key} is set`, note);
	};
	tasks.track(work());
}
