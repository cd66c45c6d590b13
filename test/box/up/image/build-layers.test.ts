import assert from 'node:assert/strict';
import {test} from 'node:test';
import {
	buildArguments,
	derivedFiles,
	derivedReference,
	ownReason,
	packageFiles,
} from '../../../../source/box/up/image/build-layers.ts';

const base = {id: `sha256:${'a'.repeat(64)}`};
const name = (settings: Parameters<typeof derivedReference>[3]) =>
	derivedReference(base, 'team/torch:1', derivedFiles(), settings);

test('whoever builds from other places has layers of other names', () => {
	const names = [
		name({}),
		name({pipIndexUrl: 'https://one.example'}),
		name({pipIndexUrl: 'https://two.example'}),
		name({aptMirror: 'https://one.example'}),
		name({pipIndexUrl: 'https://one.example', aptMirror: 'https://two.example'}),
	];
	assert.equal(new Set(names).size, names.length);
	assert.equal(name({pipIndexUrl: 'https://one.example'}), names[1]);
	// Where images come from says nothing about the layer: it is named by the image itself.
	assert.equal(name({registryMirror: 'mirror.example'}), names[0]);
});

test('packages are told apart as well', () => {
	const of = (pip: string[]) => derivedReference(base, 'x:1', packageFiles({apt: [], pip}), {});
	assert.notEqual(of(['a']), of(['b']));
	assert.equal(of(['a', 'b']), of(['b', 'a']));
});

test('proxies of builds are those of the shell, and what it does not set from Docker', () => {
	assert.deepEqual(
		buildArguments(
			'sha256:1',
			{},
			{
				environment: {https_proxy: 'http://shell', HTTP_PROXY: '', PATH: '/bin'},
				docker: {HTTP_PROXY: 'http://docker', https_proxy: 'http://docker', NO_PROXY: 'localhost'},
			},
		),
		{BASE: 'sha256:1', HTTP_PROXY: 'http://docker', https_proxy: 'http://shell', NO_PROXY: 'localhost'},
	);
});

test("the reason of a build that failed is that of gpubox's own script where it gave one", () => {
	const own = 'this image has Python 3.7, the Jupyter that gpubox adds needs 3.8';
	assert.equal(ownReason(['Step 9/9', `gpubox: ${own}`, 'Removing intermediate container 1']), own);
	assert.equal(ownReason(['gcc: fatal error: no input files', 'not gpubox: anything']), undefined);
	// An entrypoint that does not work is not what ended the build.
	assert.equal(ownReason(["gpubox: the image's entrypoint (x) did not start its arguments (exit code 1)"]), undefined);
});
