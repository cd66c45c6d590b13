import type {LogAction} from '../../log/log-view.ts';
import type {Binding} from '../binding.ts';
import {ends, pages, steps} from '../walk-keys.ts';

function log(does: LogAction): Binding['action'] {
	return {type: 'log', does};
}

function line(by: number): Binding['action'] {
	return {type: 'scroll', by, unit: 'line'};
}

function page(by: number): Binding['action'] {
	return {type: 'scroll', by, unit: 'page'};
}

/** The log, in its pane and as a screen. */
export const logKeys: Binding[] = [
	{
		scope: 'log-found',
		keys: ['n'],
		label: 'Next match',
		short: 'next',
		action: log({what: 'walk', of: 'search', by: 1}),
	},
	{
		scope: 'log-found',
		keys: ['N'],
		label: 'Match before',
		short: 'previous',
		action: log({what: 'walk', of: 'search', by: -1}),
	},
	{
		scope: 'log-chosen',
		keys: ['escape'],
		label: 'Show all lines again',
		short: 'clear',
		action: log({what: 'clear'}),
	},

	{
		scope: 'side',
		keys: ['enter'],
		label: 'Log on the whole screen',
		short: 'whole screen',
		action: {type: 'zoom-log'},
	},
	{
		scope: 'log',
		keys: ['/'],
		label: 'Search the whole log',
		short: 'search',
		action: log({what: 'ask', for: 'search'}),
	},
	{
		scope: 'log',
		keys: ['&'],
		label: 'Only lines that match',
		short: 'filter',
		action: log({what: 'ask', for: 'filter'}),
	},
	{scope: 'log', keys: ['!'], label: 'No lines that match', action: log({what: 'ask', for: 'hide'})},
	{scope: 'log', keys: ['e'], label: 'Next error', short: 'error', action: log({what: 'walk', of: 'errors', by: 1})},
	{scope: 'log', keys: ['E'], label: 'Error before', action: log({what: 'walk', of: 'errors', by: -1})},
	{scope: 'log', keys: ['w'], label: 'Wrap long lines', short: 'wrap', action: log({what: 'wrap'})},
	{scope: 'log', keys: ['>'], label: 'To the right', action: log({what: 'sideways', by: 1})},
	{scope: 'log', keys: ['<'], label: 'To the left', action: log({what: 'sideways', by: -1})},
	{scope: 'log', keys: ['T'], label: 'Timestamps', short: 'times', action: log({what: 'times'})},
	{scope: 'log', keys: ['@'], label: 'Only a part of the time', action: log({what: 'ask', for: 'range'})},
	{scope: 'log', keys: ['m'], label: 'Your other boxes, too', short: 'merge', action: log({what: 'merge'})},
	{scope: 'log', keys: ['F'], label: 'Follow or pause', action: log({what: 'follow'})},
	{scope: 'log', keys: ['y'], label: 'Copy the line', action: log({what: 'copy'})},
	{scope: 'log', keys: ['S'], label: 'Save to a file', short: 'save', action: log({what: 'ask', for: 'save'})},
	{scope: 'log', keys: ['z'], label: 'Whole screen and back', short: 'zoom', action: {type: 'zoom-log'}},
	{scope: 'log-arrows', keys: ['right'], label: '', action: log({what: 'sideways', by: 1})},
	{scope: 'log-arrows', keys: ['left'], label: '', action: log({what: 'sideways', by: -1})},

	...steps('log-whole', line),
	...pages('log-whole', page),
	...ends('log-whole', line),
	{scope: 'log-whole', keys: ['escape', 'l'], label: 'Back', short: 'back', action: {type: 'zoom-log'}},

	{scope: 'log-prompt', keys: ['enter'], label: '', short: 'enter', action: log({what: 'enter'})},
	{scope: 'log-prompt', keys: ['escape'], label: '', short: 'back', action: log({what: 'leave'})},
];
