import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {parse} from 'yaml';
import {targets} from '../../../source/job/export/index.ts';
import {upkeepLines} from '../../../source/job/export/upkeep.ts';
import {options, plainJob} from './_jobs.ts';

const names = ['github-actions', 'gitlab-ci', 'jenkins'] as const;
const text = (name: (typeof names)[number], digest: string | null) =>
	targets[name].emit({...plainJob, image: {...plainJob.image, digest}}, options).files[0].text;
const {digest} = plainJob.image;

describe('the monthly job of CI files', () => {
	for (const name of names) {
		test(`${name}: only where there is a digest to refresh`, () => {
			assert.match(text(name, digest), /gpubox refresh --yes/);
			assert.doesNotMatch(text(name, null), /gpubox (?:refresh|scan)|schedule/i);
		});
	}

	test('neither job runs when it is the turn of the other', () => {
		const {on, jobs} = parse(text('github-actions', digest)) as {on: object; jobs: Record<string, {if: string}>};
		assert.deepEqual(Object.keys(on), ['workflow_dispatch', 'push', 'schedule']);
		assert.deepEqual(
			Object.values(jobs).map((each) => each.if),
			["github.event_name != 'schedule'", "github.event_name == 'schedule'"],
		);
		const {job, refresh} = parse(text('gitlab-ci', digest)) as Record<string, {rules?: object[]; except?: string[]}>;
		assert.deepEqual([job?.except, refresh?.rules], [['schedules'], [{if: '$CI_PIPELINE_SOURCE == "schedule"'}]]);
		assert.match(text('jenkins', digest), /stage\('Run'\) \{\n {6}when \{ not \{ triggeredBy 'TimerTrigger' \} \}/);
		assert.match(text('jenkins', digest), /stage\('Refresh and scan'\) \{\n {6}when \{ triggeredBy 'TimerTrigger' \}/);
	});

	test('its commands stop at the first that fails, and say what is missing', () => {
		const folder = mkdtempSync(join(tmpdir(), 'gpubox-upkeep-'));
		const run = (path: string) =>
			spawnSync('/bin/sh', ['-e', '-c', upkeepLines().join('\n')], {
				env: {PATH: path, LOG: join(folder, 'log')},
				encoding: 'utf8',
			});
		try {
			const without = run('/nowhere');
			assert.equal(without.status, 3);
			assert.match(without.stderr, /This job needs gpubox on the machine/);
			for (const program of ['gpubox', 'git']) {
				writeFileSync(join(folder, program), `#!/bin/sh\necho "${program} $*"\ntest "$1" != scan || exit 8\n`, {
					mode: 0o755,
				});
			}

			const {stdout, status} = run(folder);
			assert.equal(status, 8);
			assert.match(
				stdout,
				/^gpubox refresh --yes\ngit --no-pager diff --stat -- gpubox\.lock\ngpubox scan --fail-on critical$/m,
			);
		} finally {
			rmSync(folder, {recursive: true});
		}
	});
});
