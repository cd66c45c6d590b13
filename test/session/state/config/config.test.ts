import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {OwnSetting} from '../../../../source/app/own-settings.ts';
import {reduceConfig} from '../../../../source/session/state/config/config.ts';

const gpus: OwnSetting = {
	key: 'gpus',
	says: 'which GPUs',
	wants: 'auto, none or all',
	choices: [],
	value: 'auto',
	typed: 'auto',
	place: 'default',
	where: '',
	isMap: false,
};
const theme = {...gpus, key: 'theme', choices: ['auto', 'dark', 'light'], value: 'dark', place: 'personal'} as const;
const env = {...gpus, key: 'env', isMap: true, typed: ''};

test('a value is typed over the one that counts, and one of few is chosen', () => {
	const {config} = reduceConfig(undefined, {what: 'change'}, gpus);
	const typed = reduceConfig(config, {what: 'insert', text: '!'}, gpus);
	assert.deepEqual(reduceConfig(typed.config, {what: 'take'}, gpus).effects, [
		{type: 'change-setting', key: 'gpus', text: 'auto!'},
	]);
	const chosen = reduceConfig(undefined, {what: 'change'}, {...theme, choices: [...theme.choices]}).config;
	assert.equal(chosen?.cursor, 1);
	const moved = reduceConfig(chosen, {what: 'move', by: 5}, gpus).config;
	assert.deepEqual(reduceConfig(moved, {what: 'take'}, gpus).effects, [
		{type: 'change-setting', key: 'theme', text: 'light'},
	]);
});

test('an entry of a map is typed with its name', () => {
	const {config} = reduceConfig(undefined, {what: 'change'}, env);
	const without = reduceConfig(config, {what: 'take'}, env);
	assert.match(without.config?.fault ?? '', /EDITOR=vim/);
	assert.deepEqual(without.effects, []);
	const {config: typed} = reduceConfig(config, {what: 'insert', text: 'A=b=c'}, env);
	assert.deepEqual(reduceConfig(typed, {what: 'take'}, env).effects, [
		{type: 'change-setting', key: 'env.A', text: 'b=c'},
	]);
});

test('only a value of the user is forgotten', () => {
	assert.deepEqual(reduceConfig(undefined, {what: 'unset'}, gpus).effects, []);
	assert.deepEqual(reduceConfig(undefined, {what: 'unset'}, {...theme, choices: []}).effects, [
		{type: 'change-setting', key: 'theme'},
	]);
});

test('a value that is not shown is not emptied by Enter', () => {
	const token = {...gpus, key: 'env.TOKEN', typed: undefined};
	const {config} = reduceConfig(undefined, {what: 'change'}, token);
	assert.deepEqual(reduceConfig(config, {what: 'take'}, token), {config: undefined, effects: []});
	const {config: typed} = reduceConfig(config, {what: 'insert', text: 'new'}, token);
	assert.equal(reduceConfig(typed, {what: 'take'}, token).effects.length, 1);
});
