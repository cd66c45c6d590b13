import assert from 'node:assert/strict';
import {test} from 'node:test';
import {tunnelCommand} from '../../source/box/jupyter.ts';

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
