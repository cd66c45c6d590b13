import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {findOwnServer, refuseOpenPassword} from '../../../source/box/plan/image-sshd.ts';

const request = {services: ['ssh' as const], secrets: [{name: 'ROOT_PASSWORD', variable: false}], bind: '127.0.0.1'};
const image = {entrypoint: ['/entry'], command: ['sshd', '-D'], exposedPorts: [22], environment: {}, user: ''};

describe("an image's own SSH server", () => {
	test('is started as the image does it, with a secret ROOT_PASSWORD', () => {
		assert.deepEqual(findOwnServer(request, 'i', image), {server: {start: ['/entry', 'sshd', '-D']}});
		const byVariable = {...image, exposedPorts: [], environment: {ROOT_PASSWORD: 'root'}, user: '0:0'};
		assert.ok(findOwnServer(request, 'i', byVariable).server);
	});

	test('is left aside without one, and where nobody logs in', () => {
		assert.deepEqual(findOwnServer({...request, secrets: [{name: 'OTHER', variable: false}]}, 'i', image), {});
		assert.deepEqual(findOwnServer({...request, services: ['jupyter']}, 'i', image), {});
	});

	test('is left aside, which is said, where it cannot be what was meant', () => {
		for (const [what, change] of [
			['beside Jupyter', {services: ['jupyter' as const, 'ssh' as const]}],
			['not here', {image: undefined}],
			['no port', {image: {...image, exposedPorts: [8888]}}],
			['nothing to start', {image: {...image, entrypoint: [], command: []}}],
			['not as root', {image: {...image, user: '1000'}}],
		] as const) {
			const {image: tried = 'image' in change ? undefined : image, ...others} = {...change} as {
				image?: typeof image;
				services?: Array<'ssh' | 'jupyter'>;
			};
			const {server, note} = findOwnServer({...request, ...others}, 'i', tried);
			assert.equal(server, undefined, what);
			assert.match(note ?? '', /^ROOT_PASSWORD is ignored: /, what);
		}
	});

	test('is published on no address that others can reach', () => {
		for (const bind of ['0.0.0.0', '::', '192.168.1.5']) {
			assert.throws(() => findOwnServer({...request, bind}, 'i', image), /Password login is not allowed on/);
		}

		for (const bind of ['127.0.0.1', '127.0.1.1', '::1', 'localhost']) {
			assert.ok(findOwnServer({...request, bind}, 'i', image).server);
		}
	});

	test('gets no password that everybody could read', () => {
		const environment = {ROOT_PASSWORD: 'x'};
		assert.throws(() => refuseOpenPassword({services: ['ssh'], environment}), {exitCode: 2});
		refuseOpenPassword({services: ['jupyter'], environment});
		refuseOpenPassword({services: ['ssh'], environment: {}});
	});
});
