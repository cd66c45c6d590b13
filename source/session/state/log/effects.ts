import {homedir} from 'node:os';
import {resolve} from 'node:path';
import {expandHome} from '../../../text/home-path.ts';
import {safeText, shorten} from '../../../text/safe.ts';
import type {Context} from '../context.ts';
import {copy} from '../copy/effects.ts';
import {FileExists, saveLog} from './log-save.ts';
import {askToReplace, type LogEffect} from './log-view.ts';
import {plainLine} from './text/log-rows.ts';

/** What a key in the log asks for. */
export function performLog(context: Context, {does}: {does: LogEffect}): void {
	if (does.what === 'save') {
		save(context, does);
	} else if (does.what === 'copy') {
		copyLine(context, does.line);
	} else {
		context.logs.perform(does);
	}
}

function copyLine(context: Context, line: number): void {
	const text = plainLine(context.logs.model.textAt(line) ?? '');
	if (text !== '') {
		copy(context, {label: shorten(text, 60), value: text});
	}
}

function save(
	{logs, store, tasks, folder}: Context,
	{path: typed, overwrite}: {path: string; overwrite: boolean},
): void {
	const path = resolve(folder, expandHome(typed, homedir()));
	const {times} = store.get().view.log;
	const name = safeText(typed);
	tasks.start(`Save the log to ${name}`, {resume: 'S saves it again'}, async (task, signal) => {
		const logOf = (source: number) => logs.logOf(source, signal);
		try {
			const lines = await saveLog(logs.model, logOf, {path, times, overwrite}, (count) =>
				task.update({step: `${count.toLocaleString('en-US')} lines`}),
			);
			return {text: `${lines.toLocaleString('en-US')} ${lines === 1 ? 'line' : 'lines'} saved to ${name}`};
		} catch (error) {
			if (!(error instanceof FileExists)) {
				throw error;
			}

			store.changeNow((state) => ({...state, view: {...state.view, log: askToReplace(state.view.log, typed)}}));
			return undefined;
		}
	});
}
