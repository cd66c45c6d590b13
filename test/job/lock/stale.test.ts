import assert from 'node:assert/strict';
import {test} from 'node:test';
import {staleBecause} from '../../../source/job/lock/stale.ts';
import {inputs, lock} from './_lock.ts';

test('a stale lock is told with what gpubox.yaml asks for and it does not have', () => {
	const why = (changed: Partial<typeof inputs>) => staleBecause(lock, {...inputs, ...changed});
	assert.match(why({image: 'other:1'}), /asks for the image other:1, gpubox\.lock has pytorch\/pytorch:2\.8\.0/);
	const packages = (apt: string[], pip: string[]) => why({packages: {apt, pip}});
	assert.match(packages(['ffmpeg=7', 'git'], ['Einops[x]>=0.9', 'lion-pytorch']), /asks for git, lion-pytorch, which/);
	assert.match(packages([], ['einops']), /has ffmpeg, which gpubox\.yaml does not ask for any more/);
	// Nothing of these can be read from a lock.
	for (const text of [packages(['ffmpeg'], []), packages(['ffmpeg'], ['./own']), why({postCreate: 'true'})]) {
		assert.match(text, /^the image, packages or postCreate of gpubox\.yaml were changed/);
	}
});
