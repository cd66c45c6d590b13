import assert from 'node:assert/strict';
import {test} from 'node:test';
import {secretsOf} from '../../source/app/read-secrets.ts';
import {Failure} from '../../source/base/failure.ts';
import {flagSettings, makeRequest} from '../../source/box/plan/request.ts';
import {merge, toSettings} from '../../source/settings/merge.ts';
import {readSettings} from '../../source/settings/read.ts';
import {isReservedTarget} from '../../source/settings/reserved.ts';

const places = {
	flag: (name: string) => flagSettings({env: [`${name}=x`]}, '/'),
	'gpubox.yaml': (name: string) => from('gpubox.yaml', {env: {[name]: 'x'}}),
	personal: (name: string) => from('personal', {env: {[name]: 'x'}}),
};

function from(place: 'gpubox.yaml' | 'personal', value: unknown) {
	return readSettings(JSON.stringify(value), {place, shownAs: place, base: '/'}).settings;
}

function request(winners: ReturnType<typeof from>) {
	const merged = merge([winners]);
	return makeRequest({}, {project: '/tmp', winners: merged, settings: toSettings(merged)});
}

function isRefused(work: () => unknown, message: RegExp): void {
	assert.throws(work, (error) => error instanceof Failure && error.exitCode === 2 && message.test(error.message));
}

for (const [place, settings] of Object.entries(places)) {
	test(`variables that gpubox sets or reads itself are refused: ${place}`, () => {
		for (const name of [
			'GPUBOX_SECRET_VARIABLES',
			'GPUBOX_NAME',
			'GPUBOX_ANYTHING',
			'NVIDIA_VISIBLE_DEVICES',
			'HOME',
			'USER',
			'LOGNAME',
			'JUPYTER_RUNTIME_DIR',
			'JUPYTER_TOKEN',
		]) {
			isRefused(() => request(settings(name)), new RegExp(`^${name} is reserved for gpubox`));
		}

		assert.deepEqual(request(settings('CUDA_VISIBLE_DEVICES')).environment, {CUDA_VISIBLE_DEVICES: 'x'});
	});
}

test("a secret under the name of gpubox's own is refused wherever it stands", () => {
	isRefused(
		() => request(from('gpubox.yaml', {secrets: ['jupyter_token']})),
		/^The secret name jupyter_token is reserved for gpubox/,
	);
});

test("a layer of gpubox's own is no image to start from, wherever it stands", () => {
	isRefused(() => request(from('gpubox.yaml', {image: 'gpubox/box:x'})), /has a name that is reserved/);
	isRefused(() => request(from('personal', {image: 'docker.io/gpubox/box:x'})), /has a name that is reserved/);
	isRefused(() => request(flagSettings({image: 'gpubox/box:x'}, '/')), /has a name that is reserved/);
	isRefused(() => request(from('gpubox.yaml', {images: [{reference: 'gpubox/box:x'}]})), /has a name that is reserved/);
});

test('places that hold what gpubox mounts, are below it or would hide it are refused', () => {
	for (const target of [
		'/',
		'//',
		'/.',
		'/run',
		'/run/',
		'/run/gpubox',
		'/run/gpubox/start',
		'/run/secrets/HF',
		'/var/run',
		'/var/run/secrets',
		'/etc',
		'/etc/passwd',
		'/etc/profile.d',
		'/etc/profile.d/zz-gpubox.sh',
		'/workspace',
		'/workspace/',
		'/workspace/../run/gpubox',
		'/data/../etc',
		'/proc/1',
		'/sys',
		'/dev/shm',
		'/tmp',
		'/tmp/jupyter-runtime',
	]) {
		assert.ok(isReservedTarget(target), target);
		isRefused(() => request(from('gpubox.yaml', {mounts: [`/tmp:${target}`]})), /^Cannot mount at/);
		isRefused(() => request(flagSettings({mount: [`/tmp:${target}`]}, '/')), /^Cannot mount at/);
	}

	for (const target of ['/data', '/workspace/data', '/runs', '/etc/ssl/more', '/tmp/data', '/home/ann/data', '/opt']) {
		assert.ok(!isReservedTarget(target, ['/home/ann']), target);
	}

	assert.ok(isReservedTarget('/home', ['/home/ann']));
	assert.ok(isReservedTarget('/home/ann/', ['/home/ann']));
});

test('a secret is no variable under a name that gpubox sets', () => {
	const options = {ask: false, signal: new AbortController().signal};
	for (const name of ['HOME', 'GPUBOX_NAME', 'NVIDIA_VISIBLE_DEVICES']) {
		isRefused(() => secretsOf({secretEnv: [name]}, [], options), /is reserved for gpubox/);
		assert.equal(secretsOf({secret: [name]}, [], options).requests.length, 1);
	}
});
