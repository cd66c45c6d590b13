import assert from 'node:assert/strict';
import {chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, test} from 'node:test';
import {draftFrom, forgetDraft, keepDraft, readDraft} from '../../source/setup/draft.ts';
import {answersOf} from '../../source/setup/plan.ts';

const project = '/projects/vision';
const draft = {use: 'training', gpus: '2', data: null, image: 'team/train:3'} as const;
let root: string;
let paths: {state: string};

beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), 'gpubox-draft-'));
	paths = {state: join(root, 'gpubox/boxes')};
});

afterEach(() => {
	chmodSync(root, 0o700);
	rmSync(root, {recursive: true});
});

function onlyFile(): string {
	const folder = join(root, 'gpubox/setup');
	const [name, ...others] = readdirSync(folder);
	assert.equal(others.length, 0);
	return join(folder, name ?? '');
}

test('what was answered is there again, for the same project and nobody else to read', () => {
	keepDraft(paths, project, draft);
	assert.deepEqual(readDraft(paths, project), draft);
	assert.deepEqual(readDraft(paths, '/projects/other'), {});
	assert.equal(statSync(onlyFile()).mode & 0o777, 0o600);
	assert.equal(statSync(join(root, 'gpubox/setup')).mode & 0o777, 0o700);
});

test('it is gone once it is forgotten, and forgetting what is not there is fine', () => {
	keepDraft(paths, project, draft);
	const file = onlyFile();
	forgetDraft(paths, project);
	forgetDraft(paths, project);
	assert.ok(!existsSync(file));
	assert.deepEqual(readDraft(paths, project), {});
});

test('a broken file is as good as none', () => {
	keepDraft(paths, project, draft);
	for (const text of ['', '{"project":', '[]', 'null', '"x"', '{"project":"/projects/other","use":"editor"}']) {
		writeFileSync(onlyFile(), text);
		assert.deepEqual(readDraft(paths, project), {}, text);
	}
});

test('of a file that somebody else wrote only answers are taken', () => {
	const hostile = {project, use: 'mining', gpus: 'lots', data: 'relative', image: 7, name: '', extra: true};
	assert.deepEqual(draftFrom(hostile, project), {});
	assert.deepEqual(draftFrom({...hostile, use: 'editor', gpus: null}, project), {use: 'editor', gpus: null});
	assert.deepEqual(draftFrom({project, name: 'x'.repeat(5000)}, project), {});
});

test('where nothing can be written, nothing is kept and nobody is stopped', () => {
	writeFileSync(join(root, 'gpubox'), 'in the way');
	keepDraft(paths, project, draft);
	assert.deepEqual(readDraft(paths, project), {});
});

test('answers that are missing are the usual ones, and null is an answer', () => {
	assert.deepEqual(answersOf({}, 'some/image'), {
		use: 'notebook',
		gpus: undefined,
		data: undefined,
		image: 'some/image',
		name: undefined,
	});
	assert.equal(answersOf({gpus: null, image: 'own/image'}, 'some/image').image, 'own/image');
});
