/** Names of what keys do, for the settings `keys.NAME`. They are published: they stay. */
import type {Action} from '../reduce.ts';

const ofLists = (does: Extract<Action, {type: 'list'}>['does']): Action => ({type: 'list', does});
const ofLog = (does: Extract<Action, {type: 'log'}>['does']): Action => ({type: 'log', does});

/** Under each name what it does on the screens that have it. */
const actions: Readonly<Record<string, readonly Action[]>> = {
	up: [{type: 'up'}],
	'set-up': [{type: 'setup', does: {what: 'open'}}],
	'other-folder': [{type: 'setup', does: {what: 'open-other'}}],
	shell: [{type: 'attach'}, {type: 'container', does: 'attach'}],
	'open-jupyter': [{type: 'open'}, {type: 'container', does: 'open'}],
	'stop-or-start': [{type: 'stop-or-start'}, {type: 'container', does: 'stop-or-start'}],
	restart: [{type: 'ask-restart'}],
	remove: [{type: 'ask-remove'}, {type: 'container', does: 'ask-remove'}],
	'free-kernels': [{type: 'find-idle-kernels'}],
	log: [{type: 'show', side: 'log'}],
	images: [{type: 'images'}],
	hosts: [{type: 'hosts'}],
	return: [{type: 'return'}],
	copy: [{type: 'copy-menu'}, ofLists({type: 'copy-row'}), ofLog({what: 'copy'})],
	mark: [{type: 'mark'}],
	zoom: [{type: 'zoom'}, {type: 'zoom-log'}],
	events: [{type: 'events'}],
	palette: [{type: 'palette', does: {what: 'open'}}],
	commands: [{type: 'commands'}],
	mouse: [{type: 'mouse'}],
	help: [{type: 'help'}],
	quit: [{type: 'ask-quit'}],
	cancel: [{type: 'ask-cancel'}],
	filter: [ofLists({type: 'filter', does: 'open'})],
	sort: [ofLists({type: 'sort'})],
	pull: [{type: 'pull-image'}],
	'end-process': [{type: 'ask-signal'}],
	'time-span': [{type: 'change-span'}],
	'log-search': [ofLog({what: 'ask', for: 'search'})],
	'log-filter': [ofLog({what: 'ask', for: 'filter'})],
	'log-hide': [ofLog({what: 'ask', for: 'hide'})],
	'log-time': [ofLog({what: 'ask', for: 'range'})],
	'log-save': [ofLog({what: 'ask', for: 'save'})],
	'log-next': [ofLog({what: 'walk', of: 'search', by: 1})],
	'log-previous': [ofLog({what: 'walk', of: 'search', by: -1})],
	'log-next-error': [ofLog({what: 'walk', of: 'errors', by: 1})],
	'log-previous-error': [ofLog({what: 'walk', of: 'errors', by: -1})],
	'log-wrap': [ofLog({what: 'wrap'})],
	'log-times': [ofLog({what: 'times'})],
	'log-merge': [ofLog({what: 'merge'})],
	'log-follow': [ofLog({what: 'follow'})],
};

export const actionNames: readonly string[] = Object.keys(actions);

const nameByAction = new Map(
	Object.entries(actions).flatMap(([name, all]) => all.map((action) => [JSON.stringify(action), name] as const)),
);

/** The name of an action; undefined for one whose keys stay. */
export function actionName(action: Action): string | undefined {
	return nameByAction.get(JSON.stringify(action));
}
