import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {targets} from '../../../source/job/export/index.ts';
import {fullJob, options, plainJob} from './_jobs.ts';

describe('what --strict minds', () => {
	const lostOf = (target: 'dockerfile' | 'compose', job: typeof fullJob) => targets[target].emit(job, options).lost;

	test('a Dockerfile: not what belongs to the start of a container, which is listed nevertheless', () => {
		const lost = lostOf('dockerfile', fullJob);
		assert.ok(lost.some(({field}) => field === 'gpus') && lost.some(({field}) => field === 'limits.memory'));
		assert.deepEqual(
			lost.filter(({atRun}) => !atRun),
			[],
		);
	});

	test('a Dockerfile: what an image could have', () => {
		const minded = lostOf('dockerfile', {
			...fullJob,
			image: {...plainJob.image, digest: null},
			environment: {ODD: 'two\nlines'},
		}).filter(({atRun}) => !atRun);
		assert.deepEqual(
			minded.map(({field}) => field),
			['image.digest', 'env'],
		);
	});

	test('other targets: everything', () => {
		assert.ok(lostOf('compose', {...fullJob, nodes: 2}).every(({atRun}) => atRun === undefined));
	});
});

test('an image that is locked without a digest is pushed, not locked again', () => {
	const advice = (locked: {locked?: true}) =>
		targets.compose
			.emit({...plainJob, image: {...plainJob.image, digest: null, ...locked}}, options)
			.lost.find(({field}) => field === 'image.digest')?.instead;
	assert.equal(advice({}), 'gpubox lock');
	assert.equal(advice({locked: true}), 'docker push it, then gpubox lock');
});
