import assert from 'node:assert/strict';
import {test} from 'node:test';
import {dropEmptyVariables} from '../../source/start/empty-variables.ts';

test('empty variables of its own are dropped; others, and those with a value, stay', () => {
	const environment = {
		HOME: '',
		DOCKER_CONTEXT: '',
		DOCKER_CONFIG: '',
		XDG_CONFIG_HOME: '',
		NO_COLOR: '',
		FORCE_COLOR: '',
		CI: '',
		https_proxy: '',
		HTTPS_PROXY: '',
		SSH_AUTH_SOCK: '',
		SEED: '',
		MY_HOME: '',
		DOCKER_HOST: 'tcp://a:1',
		PATH: '/bin',
	};
	dropEmptyVariables(environment);
	assert.deepEqual(environment, {SEED: '', MY_HOME: '', DOCKER_HOST: 'tcp://a:1', PATH: '/bin'});
});
