import assert from 'node:assert/strict';
import {test} from 'node:test';
import {catalogue} from '../../source/image/catalogue/catalogue.ts';
import {freshness, type LocalBuild} from '../../source/image/freshness.ts';

const now = new Date('2026-11-23T12:00:00Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
const base = (reference: string, createdAt: Date | null, id = 'sha256:base'): LocalBuild => ({
	reference,
	id,
	createdAt,
});
const offered = catalogue().entries;
const own = 'registry.example/team/own:1';

test('a young base with nothing newer is not pointed out', () => {
	const answer = freshness(base(own, daysAgo(30)), {now, local: [], offered});
	assert.deepEqual(answer, {ageDays: 30, old: false, newer: null, message: null, fix: null});
});

test('older than a month is pointed out', () => {
	const answer = freshness(base(own, daysAgo(31)), {now, local: [], offered});
	assert.equal(answer.old, true);
	assert.equal(answer.message, 'Its base is 31 days old.');
	assert.match(answer.fix ?? '', /gpubox pull registry\.example\/team\/own:1/);
});

test('a newer build of the same line in the catalogue', () => {
	const answer = freshness(base('pytorch/pytorch:2.14.0-cuda13.0-cudnn9-runtime', daysAgo(3)), {
		now,
		local: [],
		offered,
	});
	assert.deepEqual(answer.newer, {reference: 'pytorch/pytorch:2.14.1-cuda13.0-cudnn9-runtime', where: 'catalogue'});
	assert.match(answer.message ?? '', /2\.14\.1-cuda13\.0-cudnn9-runtime is newer/);
	assert.match(answer.fix ?? '', /--image pytorch\/pytorch:2\.14\.1-cuda13\.0-cudnn9-runtime --recreate/);
});

test('another CUDA, kind or repository is another line', () => {
	const answer = freshness(base('pytorch/pytorch:2.8.0-cuda12.9-cudnn9-runtime', daysAgo(3)), {
		now,
		local: [],
		offered,
	});
	assert.equal(answer.newer, null);
});

test('the newest of the line wins, wherever it is', () => {
	const local = [
		base('nvcr.io/nvidia/pytorch:25.05-py3', null, 'sha256:b'),
		base('nvcr.io/nvidia/pytorch:26.10-py3', null, 'sha256:c'),
	];
	const answer = freshness(base('nvcr.io/nvidia/pytorch:25.03-py3', null), {now, local, offered});
	assert.deepEqual(answer.newer, {reference: 'nvcr.io/nvidia/pytorch:26.10-py3', where: 'local'});
});

test('the same tag pulled again since', () => {
	const tag = 'quay.io/jupyter/pytorch-notebook:cuda13-latest';
	const answer = freshness(base(tag, daysAgo(40)), {now, local: [base(tag, daysAgo(2), 'sha256:new')], offered});
	assert.deepEqual(answer.newer, {reference: tag, where: 'local'});
	assert.equal(answer.fix, 'Recreate the box: `gpubox up --recreate`.');
	const older = freshness(base(tag, daysAgo(2)), {now, local: [base(tag, daysAgo(40), 'sha256:old')], offered});
	assert.equal(older.newer, null);
	const same = freshness(base(tag, daysAgo(2)), {now, local: [base(tag, daysAgo(2))], offered});
	assert.equal(same.newer, null);
});

test('a build date of a reproducible build is no date; the catalogue then tells', () => {
	assert.equal(freshness(base(own, new Date(0)), {now, local: [], offered}).ageDays, null);
	const month = freshness(base('nvcr.io/nvidia/pytorch:26.09-py3', new Date(0)), {now, local: [], offered});
	assert.equal(month.ageDays, 83);
	assert.equal(month.old, true);
	assert.equal(freshness(base('\u001B[2J', new Date(Number.NaN)), {now, local: [], offered}).ageDays, null);
});
