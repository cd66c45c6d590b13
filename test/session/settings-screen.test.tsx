import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {changeOwnSetting, listOwnSettings} from '../../source/app/own-settings.ts';
import {ownUseCases} from '../../source/session/state/use-cases.ts';
import {showSession} from '../_helpers/session.tsx';
import {assertScreen} from '../_helpers/snapshot.ts';

const folder = fileURLToPath(new URL('snapshots', import.meta.url));
const everything = /hopper[\s\S]*dora-eda/;
const home = mkdtempSync(join(tmpdir(), 'gpubox-settings-'));
process.env.XDG_CONFIG_HOME = home;
process.env.XDG_STATE_HOME = home;
process.once('exit', () => rmSync(home, {recursive: true}));
await changeOwnSetting('theme', 'dark');
await changeOwnSetting('env.WANDB_API_KEY', 'hunter2');
await changeOwnSetting('env.TITLE', '\u001B[2Jred \u202Elive');

const useCases = {
	async listSettings() {
		const own = await listOwnSettings();
		// The folder is another one in each run, and has its place in the lines.
		const settings = own.settings.map((setting) => ({...setting, where: setting.where.replace(home, '~/.config')}));
		return {...own, settings, file: '~/.config/gpubox/config.json'};
	},
	changeSetting: ownUseCases.changeSetting,
	sessionSettings: ownUseCases.sessionSettings,
};
const onHost = {useCases, prepare: (host: object) => void Object.assign(host, {demo: false})};

for (const size of [
	{columns: 60, rows: 20},
	{columns: 120, rows: 40},
]) {
	test(`settings at ${size.columns}x${size.rows}`, async (t) => {
		const shown = await showSession(t, size, onHost);
		await shown.waitFor(everything);
		shown.type(',');
		await shown.waitFor(/Your settings[\s\S]*auto/);
		shown.type('/');
		await shown.waitFor(/done/);
		shown.type('env');
		const screen = await shown.waitFor(/env {2}3 found[\s\S]*env\.WANDB_API_KEY/);
		assert.ok(!screen.includes('hunter2') && !screen.includes('\u202E'));
		assertScreen(folder, `settings-${size.columns}x${size.rows}`, screen);
	});
}

test('a setting is chosen from a list, written, and takes effect at once', async (t) => {
	const looks: unknown[] = [];
	const onSettings = ({look}: {look: object}) => void looks.push(look);
	const shown = await showSession(t, {columns: 80, rows: 24}, {...onHost, onSettings});
	await shown.waitFor(everything);
	shown.type(',');
	await shown.waitFor(/Your settings[\s\S]*auto/);
	shown.type('/');
	await shown.waitFor(/done/);
	shown.type('theme');
	await shown.waitFor(/▸ ●[^\n]*theme[^\n]*dark|▸[^\n]*theme[^\n]*dark/);
	shown.type('\r');
	await shown.waitFor(/change/);
	shown.type('\r');
	await shown.waitFor(/▸ dark {2}now/);
	shown.type('j');
	await shown.waitFor(/▸ light/);
	shown.type('\r');
	await shown.waitFor(/theme is set/);
	assert.equal(JSON.parse(readFileSync(join(home, 'gpubox', 'config.json'), 'utf8')).theme, 'light');
	assert.equal(shown.session.store.get().facts.commands.at(-1)?.line, 'gpubox config theme light');
	assert.deepEqual(looks, [{theme: 'light', glyphs: undefined, mouse: undefined}]);
});

test('the mouse is taken as soon as its setting says so, and given back as soon as that is forgotten', async (t) => {
	process.env.TERM = 'xterm-256color';
	const shown = await showSession(t, {columns: 80, rows: 24}, onHost);
	await shown.waitFor(everything);
	shown.type(',');
	await shown.waitFor(/Your settings[\s\S]*auto/);
	shown.type('/');
	await shown.waitFor(/done/);
	shown.type('mouse');
	await shown.waitFor(/▸[^\n]*mouse[^\n]*off/);
	shown.type('\r');
	await shown.waitFor(/change/);
	shown.type('\r');
	await shown.waitFor(/▸ off {2}now/);
	shown.type('k');
	await shown.waitFor(/▸ on/);
	shown.type('\r');
	await shown.waitFor(/mouse is set/);
	assert.equal(shown.session.store.get().view.mouse, true);
	await shown.waitFor(/▸[^\n]*mouse[^\n]*on/);
	shown.type('x');
	await shown.waitFor(/mouse is no longer set by you/);
	assert.equal(shown.session.store.get().view.mouse, false);
});

test('a refused value stays in its line, with the reason', async (t) => {
	const shown = await showSession(t, {columns: 80, rows: 24}, onHost);
	await shown.waitFor(everything);
	shown.type(',');
	await shown.waitFor(/Your settings[\s\S]*auto/);
	shown.type('/');
	await shown.waitFor(/done/);
	shown.type('limits.cpus');
	await shown.waitFor(/▸[^\n]*limits\.cpus/);
	shown.type('\r');
	await shown.waitFor(/change/);
	shown.type('\r');
	await shown.waitFor(/It takes a number of CPUs/);
	shown.type('\u0015');
	shown.type('many');
	await shown.waitFor(/› many/);
	shown.type('\r');
	await shown.waitFor(/› many[\s\S]*✕ /);
});

test('what looks secret is hidden, by its name or by its beginning, and names of secrets are shown', async () => {
	await changeOwnSetting('env.FETCH_WITH', 'ghp_hunter2');
	await changeOwnSetting('secrets', 'HF_TOKEN');
	const {settings} = await listOwnSettings();
	const of = (key: string) => settings.find((setting) => setting.key === key)?.value;
	assert.deepEqual(['env.WANDB_API_KEY', 'env.FETCH_WITH', 'secrets'].map(of), [
		'set (hidden)',
		'set (hidden)',
		'HF_TOKEN',
	]);
	await changeOwnSetting('env.FETCH_WITH', undefined);
	await changeOwnSetting('secrets', undefined);
});

test("of a list only the user's own part is typed anew, and of a value of the host all of it", async () => {
	await changeOwnSetting('mounts', '/mine:/mine');
	const origin = {place: 'host', where: '/etc/gpubox/config.json', base: '/etc/gpubox'} as const;
	const {settings} = await listOwnSettings(async () => ({
		settings: [
			{key: 'mounts', value: '/data:/data:ro', item: true, origin},
			{key: 'family', value: 'jax', origin},
		],
	}));
	const of = (key: string) => settings.find((setting) => setting.key === key);
	assert.equal(of('mounts')?.value, '/mine:/mine,/data:/data:ro');
	assert.equal(of('mounts')?.typed, '/mine:/mine');
	assert.equal(of('family')?.typed, 'jax');
	await changeOwnSetting('mounts', undefined);
});

test('a key that another has is refused, as by gpubox config', async (t) => {
	const shown = await showSession(t, {columns: 80, rows: 24}, onHost);
	await shown.waitFor(everything);
	shown.type(',');
	await shown.waitFor(/Your settings[\s\S]*auto/);
	shown.type('/');
	await shown.waitFor(/done/);
	shown.type('keys');
	await shown.waitFor(/▸[^\n]* keys/);
	shown.type('\r');
	await shown.waitFor(/change/);
	shown.type('\r');
	await shown.waitFor(/It takes a key/);
	shown.type('restart=q');
	await shown.waitFor(/› restart=q/);
	shown.type('\r');
	await shown.waitFor(/✕ keys\.restart: q is taken by "Leave"/);
	assert.equal(JSON.parse(readFileSync(join(home, 'gpubox', 'config.json'), 'utf8')).keys, undefined);
});

test('a key that is set counts from then on, and one that is taken is refused', async (t) => {
	const shown = await showSession(t, {columns: 80, rows: 24}, onHost);
	await shown.waitFor(everything);
	const restarts = () => shown.session.store.get().facts.keys.find('K', 'main')?.type;
	assert.equal(restarts(), undefined);
	for (const [keys, expected] of [
		[',', /Your settings[\s\S]*auto/],
		['/', /done/],
		['keys', /▸[^\n]*keys/],
		['\r', /change/],
		['\r', /keys[\s\S]*›/],
		['restart=K', /› restart=K/],
		['\r', /keys\.restart is set/],
	] as const) {
		shown.type(keys);
		await shown.waitFor(expected);
	}

	assert.equal(restarts(), 'ask-restart');
	await changeOwnSetting('keys.restart', undefined);
});

test('a setting that was opened while another was written stays open', async (t) => {
	const written = Promise.withResolvers<void>();
	const shown = await showSession(
		t,
		{columns: 80, rows: 24},
		{
			...onHost,
			useCases: {...useCases, changeSetting: () => written.promise},
		},
	);
	await shown.waitFor(everything);
	shown.type(',');
	await shown.waitFor(/Your settings[\s\S]*auto/);
	shown.type('\r');
	await shown.waitFor(/It takes/);
	shown.type('\r');
	shown.type('\u001B');
	await shown.waitFor(/Your settings/);
	shown.type('j');
	shown.type('\r');
	await shown.waitFor(/It takes/);
	const {config} = shown.session.store.get().view;
	assert.ok(config);
	written.resolve();
	await shown.waitFor(/It takes/);
	for (let turn = 0; turn < 9; turn += 1) {
		await new Promise(setImmediate);
	}

	assert.equal(shown.session.store.get().view.config?.setting.key, config.setting.key);
});

test('on the demo host nothing is changed', async (t) => {
	const shown = await showSession(t, {columns: 80, rows: 24}, {useCases});
	await shown.waitFor(everything);
	shown.type(',');
	await shown.waitFor(/Your settings[\s\S]*auto/);
	shown.type('\r');
	await shown.waitFor(/your settings are not changed from the demo host/);
	assert.equal(shown.session.store.get().view.config, undefined);
});

test('read-only, nothing is changed', async (t) => {
	const shown = await showSession(t, {columns: 80, rows: 24}, {...onHost, readOnly: true});
	await shown.waitFor(everything);
	shown.type(',');
	await shown.waitFor(/Your settings[\s\S]*auto/);
	shown.type('\r');
	await shown.waitFor(/This session is read-only/);
	assert.equal(shown.session.store.get().view.config, undefined);
});
