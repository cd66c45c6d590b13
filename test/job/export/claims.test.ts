import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseAllDocuments} from 'yaml';
import {targets} from '../../../source/job/export/index.ts';
import {options, plainJob} from './_jobs.ts';

type Pod = {
	spec: {template: {spec: {volumes: Array<{name: string; persistentVolumeClaim?: {claimName: string}}>}}};
};

function claims(...folders: string[]): string[] {
	const mounts = folders.map((target) => ({kind: 'data' as const, source: target, target, readOnly: false}));
	const {files, lost} = targets.kubernetes.emit({...plainJob, mounts}, options);
	const pod = parseAllDocuments(files[0].text).at(-1)?.toJS() as Pod;
	const names = pod.spec.template.spec.volumes.flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);
	const told = lost.find(({field}) => field === 'mounts.data')?.instead ?? '';
	assert.ok(names.every((name) => told.includes(name) && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(name)));
	return names;
}

test('a claim has the name of its folder', () => {
	assert.deepEqual(claims('/data/a', '/data/b'), ['vision-data-a', 'vision-data-b']);
});

test('folders with the same letters, or the same long beginning, have claims of their own', () => {
	const long = `/${'a'.repeat(60)}`;
	for (const folders of [
		['/data/a', '/data-a', '/Data/A'],
		[`${long}/x`, `${long}/y`],
	]) {
		const names = claims(...folders);
		assert.equal(new Set(names).size, folders.length, names.join(' '));
		// Whatever order they are in.
		assert.deepEqual(claims(...folders.toReversed()), names.toReversed());
	}
});
