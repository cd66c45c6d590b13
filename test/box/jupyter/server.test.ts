import assert from 'node:assert/strict';
import {test} from 'node:test';
import {jupyterBase, jupyterUrl, tunnelCommand} from '../../../source/box/jupyter/server.ts';

const at = (host: string) => ({addresses: {jupyter: {host, port: 8900}}});

test('who came by SSH gets the line that brings Jupyter to their own machine', () => {
	const came = {SSH_CONNECTION: '192.0.2.7 50312 192.0.2.1 22'};
	assert.equal(tunnelCommand(at('127.0.0.1'), 'alice', undefined, came), 'ssh -NL 8900:127.0.0.1:8900 alice@192.0.2.1');
	assert.equal(
		tunnelCommand(at('127.0.0.1'), 'alice', undefined, {SSH_CONNECTION: '2001:db8::7 50312 2001:db8::1 2200'}),
		'ssh -NL 8900:127.0.0.1:8900 -p 2200 alice@2001:db8::1',
	);
	for (const none of [
		tunnelCommand(at('127.0.0.1'), 'alice', undefined, {}),
		tunnelCommand(at('192.0.2.1'), 'alice', undefined, came),
		tunnelCommand(at('127.0.0.1'), 'alice', 'gpu2', came),
		tunnelCommand({addresses: {}}, 'alice', undefined, came),
	]) {
		assert.equal(none, undefined);
	}
});

test('whoever has the token gets the private path with it, and nobody else does', () => {
	const token = 'abcdefghijklmnopqrstuvwxyz_-0123';
	const box = {...at('127.0.0.1'), privatePath: true as const};
	// As Python's hmac has it, in templates/box/jupyter_config.py.
	assert.equal(jupyterUrl(box, token), `http://127.0.0.1:8900/G3cKWOj4/?token=${token}`);
	assert.equal(jupyterBase(box, token), 'http://127.0.0.1:8900/G3cKWOj4/');
	assert.equal(jupyterUrl(box), 'http://127.0.0.1:8900/');
	assert.equal(jupyterUrl(at('127.0.0.1'), token), `http://127.0.0.1:8900/?token=${token}`, 'of an earlier version');
});
