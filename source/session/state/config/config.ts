/** The screen of settings: a list, and one setting that is being changed. Pure. */
import type {OwnSetting, OwnSettings} from '../../../app/own-settings.ts';
import type {Diagnostic} from '../../../base/failure.ts';
import type {Column, Row} from '../lists/list.ts';
import {type Edit, edit, emptyField, type Field, insert, textOf} from '../setup/field.ts';

export type ConfigState = {
	phase: 'unasked' | 'waiting' | 'known' | 'failed';
	own: OwnSettings | undefined;
	problem: Diagnostic | undefined;
};

export const noConfig: ConfigState = {phase: 'unasked', own: undefined, problem: undefined};

/** The setting that is being changed. `field` where a value is typed, else `cursor` is the place in its choices. */
export type ConfigEdit = {
	setting: OwnSetting;
	field: Field | undefined;
	cursor: number;
	/** Why the value was refused, in a line. */
	fault: string;
};

export type ConfigAction =
	| {what: 'open' | 'change' | 'unset' | 'take' | 'close'}
	| {what: 'move'; by: number}
	| {what: 'insert'; text: string}
	| {what: 'edit'; how: Edit};

export type ConfigEffect =
	| {type: 'load-settings'}
	/** Without a text it is forgotten. */
	| {type: 'change-setting'; key: string; text?: string};

type Reduced = {config: ConfigEdit | undefined; screen?: 'settings'; effects: ConfigEffect[]};

/** What a key does. @param chosen the setting of the chosen row */
export function reduceConfig(
	config: ConfigEdit | undefined,
	does: ConfigAction,
	chosen: OwnSetting | undefined,
): Reduced {
	if (does.what === 'open') {
		return {config: undefined, screen: 'settings', effects: [{type: 'load-settings'}]};
	}

	if (config === undefined) {
		const isUnset = does.what === 'unset' && chosen?.place === 'personal';
		return {
			config: does.what === 'change' && chosen !== undefined ? beginning(chosen) : undefined,
			effects: isUnset ? [{type: 'change-setting', key: chosen.key}] : [],
		};
	}

	const {field, cursor, setting} = config;
	switch (does.what) {
		case 'move': {
			const last = setting.choices.length - 1;
			return {config: {...config, cursor: Math.max(0, Math.min(last, cursor + does.by))}, effects: []};
		}

		case 'insert': {
			return {config: field && {...config, field: insert(field, does.text), fault: ''}, effects: []};
		}

		case 'edit': {
			return {config: field && {...config, field: edit(field, does.how), fault: ''}, effects: []};
		}

		case 'take': {
			return take(config);
		}

		default: {
			return {config: undefined, effects: []};
		}
	}
}

function beginning(setting: OwnSetting): ConfigEdit {
	const {choices, typed, value} = setting;
	return {
		setting,
		field: choices.length > 0 ? undefined : insert(emptyField, typed ?? ''),
		cursor: Math.max(0, choices.indexOf(value)),
		fault: '',
	};
}

function take(config: ConfigEdit): Reduced {
	const {setting, field, cursor} = config;
	const text = field === undefined ? (setting.choices[cursor] ?? '') : textOf(field);
	if (setting.typed === undefined && text === '') {
		// It was not shown: that nothing was typed does not mean that it is to be empty.
		return {config: undefined, effects: []};
	}

	if (!setting.isMap) {
		return {config, effects: [{type: 'change-setting', key: setting.key, text}]};
	}

	const place = text.indexOf('=');
	return place < 1
		? {config: {...config, fault: 'It takes a name and a value, such as EDITOR=vim'}, effects: []}
		: {
				config,
				effects: [{type: 'change-setting', key: `${setting.key}.${text.slice(0, place)}`, text: text.slice(place + 1)}],
			};
}

const places: Record<OwnSetting['place'], string> = {default: 'default', host: "this host's", personal: 'yours'};

export const settingColumns: readonly Column[] = [
	{key: 'name', title: 'SETTING', most: 26, least: 12, priority: 0, filtered: true},
	{key: 'value', title: 'VALUE', most: 34, least: 6, priority: 1},
	{key: 'from', title: 'FROM', most: 12, priority: 2, filtered: true},
	{key: 'says', title: 'MEANING', most: 90, least: 16, priority: 3, unsorted: true},
];

export function settingRows({own}: ConfigState): Row[] {
	return (own?.settings ?? []).map(({key, value, place, says}) => ({
		id: key,
		mark: place === 'personal' ? '●' : place === 'host' ? '○' : ' ',
		markStyle: {},
		dim: false,
		cells: {name: {text: key}, value: {text: value}, from: {text: places[place]}, says: {text: says}},
	}));
}

/** What is known of a setting beside its row. */
export function settingDetail(id: string, {own}: ConfigState): Array<[label: string, value: string]> {
	const setting = own?.settings.find(({key}) => key === id);
	if (setting === undefined) {
		return [];
	}

	const {says, wants, value, where, place, key} = setting;
	return [
		['meaning', says],
		['takes', wants],
		['value', value],
		['set in', place === 'default' ? 'nowhere: this is the default' : where],
		...(place === 'host'
			? ([['', 'by the administrator of this host; a value of yours counts instead']] as Array<[string, string]>)
			: []),
		...(noteOf(key) === '' ? [] : ([['', noteOf(key)]] as Array<[string, string]>)),
	];
}

/** What outside of the settings counts more. */
export function noteOf(key: string): string {
	return key === 'theme' && (process.env.NO_COLOR ?? '') !== ''
		? 'NO_COLOR is set in your environment: no colours are shown'
		: '';
}

/** Whether a setting is one of the session itself. */
export function isOfSession(key: string): boolean {
	return /^(?:theme|glyphs|mouse|events|keys|commands)(?:$|\.)/.test(key);
}
