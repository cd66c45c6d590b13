import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {findDockerProxies} from '../../source/engine/docker-proxies.ts';

const folder = mkdtempSync(join(tmpdir(), 'gpubox-proxies-'));
after(() => rmSync(folder, {recursive: true}));

const socket = 'unix:///var/run/docker.sock';
const found = (config: unknown, address = socket) => {
	writeFileSync(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
	return findDockerProxies(address, {DOCKER_CONFIG: folder}, '/nonexistent');
};

test('each variable has a twin in small letters, and what is empty is not set', () => {
	const proxy = 'http://proxy.example.com:3128';
	const {variables, origin} =
		found({
			proxies: {default: {httpProxy: proxy, httpsProxy: proxy, noProxy: 'localhost,.example.com', ftpProxy: ''}},
		}) ?? assert.fail();
	assert.deepEqual(variables, {
		HTTP_PROXY: proxy,
		http_proxy: proxy,
		HTTPS_PROXY: proxy,
		https_proxy: proxy,
		NO_PROXY: 'localhost,.example.com',
		no_proxy: 'localhost,.example.com',
	});
	assert.equal(origin, `proxies.default of ${join(folder, 'config.json')}`);
	assert.deepEqual(
		Object.keys(found({proxies: {default: {allProxy: 'socks5://p', ftpProxy: 'ftp://p'}}})?.variables ?? {}),
		['FTP_PROXY', 'ftp_proxy', 'ALL_PROXY', 'all_proxy'],
	);
});

test('the entry of the engine takes the place of the default one, as a whole', () => {
	const proxies = {default: {httpProxy: 'http://a', noProxy: 'x'}, 'tcp://10.0.0.1:2376': {httpProxy: 'http://b'}};
	assert.deepEqual(found({proxies}, 'tcp://10.0.0.1:2376')?.variables, {
		HTTP_PROXY: 'http://b',
		http_proxy: 'http://b',
	});
	assert.equal(found({proxies})?.variables.HTTP_PROXY, 'http://a');
	assert.equal(found({proxies: {[socket]: {}, default: {httpProxy: 'http://a'}}}), undefined);
});

test('without proxies, and with a file that cannot be read, there are none', () => {
	for (const config of [
		{},
		{proxies: null},
		{proxies: {default: 'no'}},
		{proxies: {default: {httpProxy: 3}}},
		'{',
		'[]',
	]) {
		assert.equal(found(config), undefined, JSON.stringify(config));
	}

	assert.equal(findDockerProxies(socket, {}, '/nonexistent'), undefined);
});

test('an empty DOCKER_CONFIG is none: the file is below the home', () => {
	assert.equal(findDockerProxies(socket, {DOCKER_CONFIG: ''}, folder), undefined);
});
