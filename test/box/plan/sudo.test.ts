import assert from 'node:assert/strict';
import {test} from 'node:test';
import {hasSudo, placeSudoers} from '../../../source/box/plan/sudo.ts';
import type {BuildFile, Engine, FileKind} from '../../../source/engine/engine.ts';

/** An engine with one container, whose files are these. */
function engineWith(files: Record<string, FileKind>, mounts: string[] = []) {
	const put: Array<[string, BuildFile[]]> = [];
	const engine = {
		kindOfFile: async (_id: string, path: string) => files[path],
		inspectContainer: async () => ({mounts: mounts.map((target) => ({type: 'bind', target}))}),
		putFiles: async (_id: string, folder: string, given: BuildFile[]) => {
			put.push([folder, given]);
		},
	} as unknown as Engine;
	return {engine, put};
}

const whole = {'/etc': 'folder', '/etc/sudoers.d': 'folder'} as const;

test('the file for sudo names the user by number, and is for root alone to read and nobody to write', async () => {
	const {engine, put} = engineWith(whole);
	await placeSudoers(engine, 'id', {uid: 1000});
	assert.deepEqual(put, [
		['/etc/sudoers.d', [{path: 'gpubox', content: '#1000 ALL=(ALL:ALL) NOPASSWD: ALL\n', mode: 0o440}]],
	]);
});

for (const [what, files, mounts] of [
	['a link for its folder', {...whole, '/etc/sudoers.d': 'link'}, []],
	['a link for /etc', {...whole, '/etc': 'link'}, []],
	['no folder for it', {'/etc': 'folder'}, []],
	['a folder in its place', {...whole, '/etc/sudoers.d/gpubox': 'folder'}, []],
	['something mounted on its folder', whole, ['/etc/sudoers.d/']],
	['something mounted on /etc', whole, ['/workspace', '/etc']],
	['something mounted on itself', whole, ['/etc/sudoers.d/gpubox']],
] as Array<[string, Record<string, FileKind>, string[]]>) {
	test(`a container with ${what} gets none`, async () => {
		const {engine, put} = engineWith(files, mounts);
		await placeSudoers(engine, 'id', {uid: 1000});
		assert.deepEqual(put, []);
	});
}

test('a box has sudo when the file is there, through no link, and a program of that name', async () => {
	const given = {...whole, '/etc/sudoers.d/gpubox': 'file', '/usr/bin/sudo': 'link'} as const;
	assert.equal(await hasSudo(engineWith(given).engine, 'id'), true);
	assert.equal(await hasSudo(engineWith({...given, '/etc/sudoers.d': 'link'}).engine, 'id'), false);
	assert.equal(await hasSudo(engineWith({...whole, '/usr/bin/sudo': 'file'}).engine, 'id'), false);
	assert.equal(await hasSudo(engineWith({...whole, '/etc/sudoers.d/gpubox': 'file'}).engine, 'id'), false);
});
