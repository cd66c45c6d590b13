import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {parse} from 'yaml';
import {targets} from '../../../source/job/export/index.ts';
import type {PortableJob} from '../../../source/job/export/portable-job.ts';
import {options, plainJob} from './_jobs.ts';

// Which machine of a CI service runs an exported job: one with GPUs only where the job has some, or where the user says so.

const withoutGpus: PortableJob = {...plainJob, gpus: 0};
const withData: PortableJob = {
	...withoutGpus,
	mounts: [...plainJob.mounts, {kind: 'data', source: '/data/imagenet', target: '/data', readOnly: true}],
};

const text = (name: 'github-actions' | 'gitlab-ci' | 'jenkins', job: PortableJob, runners?: string[]) =>
	targets[name].emit(job, {...options, ...(runners === undefined ? {} : {runners})}).files[0].text;

describe('the machine of an exported job', () => {
	const ofGithub = (job: PortableJob, runners?: string[]) => {
		const {jobs} = parse(text('github-actions', job, runners)) as {jobs: Record<string, {'runs-on': unknown}>};
		return [jobs.job?.['runs-on'], jobs.refresh?.['runs-on']];
	};
	const own = (...labels: string[]) => ['self-hosted', 'linux', ...labels];

	test('GitHub: its own runner without GPUs; the monthly job needs gpubox on the machine', () => {
		assert.deepEqual(ofGithub(plainJob), [own('gpu'), own('gpu')]);
		assert.deepEqual(ofGithub(withoutGpus), ['ubuntu-latest', own()]);
		assert.deepEqual(ofGithub(withoutGpus, ['big']), [own('big'), own('big')]);
		// What is on a disk of a machine is on no machine of GitHub.
		assert.deepEqual(ofGithub(withData), [own(), own()]);
		assert.match(text('github-actions', withData), /a self-hosted runner with Docker and the labels: linux$/m);
		assert.doesNotMatch(text('github-actions', withoutGpus), /It needs a self-hosted runner/);
	});

	test('GitLab: any runner that takes jobs without tags', () => {
		const tags = (...call: [PortableJob, string[]?]) =>
			(parse(text('gitlab-ci', ...call)) as {job: {tags?: string[]}}).job.tags;
		assert.deepEqual(tags(plainJob), ['gpu']);
		assert.equal(tags(withoutGpus), undefined);
		assert.deepEqual(tags(withoutGpus, ['big']), ['big']);
		assert.match(text('gitlab-ci', withoutGpus), /a runner with the Docker executor that takes jobs without tags\. In/);
	});

	test('Jenkins: any agent', () => {
		assert.match(text('jenkins', plainJob), /^ {6}label 'gpu'$[\s\S]*agent \{ label 'gpu' \}$/m);
		assert.doesNotMatch(text('jenkins', withoutGpus), /label/);
		assert.match(text('jenkins', withoutGpus), /^ {6}agent any$/m);
		assert.match(text('jenkins', withoutGpus, ['a', 'b']), /^ {6}label 'a && b'$/m);
	});
});
