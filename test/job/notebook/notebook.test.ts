import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {Failure} from '../../../source/base/failure.ts';
import {
	findNotebookFailure,
	notebookCommand,
	notebookJob,
	notebookScript,
} from '../../../source/job/notebook/notebook.ts';

describe('a notebook as a job', () => {
	test('is a command whose first word ends in .ipynb', () => {
		assert.equal(notebookJob(['python', 'train.ipynb']), undefined);
		assert.equal(notebookJob([]), undefined);
		assert.deepEqual(notebookJob(['a b/train.ipynb']), {notebook: 'a b/train.ipynb', parameters: []});
	});

	test('takes parameters in the forms that papermill takes', () => {
		assert.deepEqual(notebookJob(['n.ipynb', '-p', 'lr=3e-4', '-pname=a=b', '--parameter', 'empty=']), {
			notebook: 'n.ipynb',
			parameters: ['lr=3e-4', 'name=a=b', 'empty='],
		});
	});

	for (const wrong of [['--lr', '1'], ['-p'], ['-p', 'lr'], ['-p', '1lr=2'], ['x']]) {
		test(`refuses ${wrong.join(' ')}`, () => {
			assert.throws(
				() => notebookJob(['n.ipynb', ...wrong]),
				(error: unknown) => error instanceof Failure && error.exitCode === 2 && error.fix.includes('-p lr=3e-4'),
			);
		});
	}

	test('becomes a call of the script', () => {
		const job = {notebook: '-odd.ipynb', parameters: ['lr=1', 'name=a b']};
		const script = `/run/gpubox/${notebookScript}`;
		assert.deepEqual(notebookCommand(job, {script}), [
			'python3',
			'/run/gpubox/notebook.py',
			'-p',
			'lr=1',
			'-p',
			'name=a b',
			'--',
			'-odd.ipynb',
		]);
		assert.deepEqual(notebookCommand(job, {script, output: '/x.ipynb'}).slice(-4), [
			'--output',
			'/x.ipynb',
			'--',
			'-odd.ipynb',
		]);
	});
});

test('why a notebook ended is the last line of its log', () => {
	const log =
		'text\nnotebook.py: cell 3 of 4 failed: ValueError: no data; saved as /workspace/runs/a-1/notebook.ipynb\n';
	assert.equal(findNotebookFailure(log), 'Cell 3 of 4 failed: ValueError: no data');
	assert.equal(findNotebookFailure(`${log}more\n`), undefined);
	assert.equal(findNotebookFailure('Traceback\nValueError: no data\n'), undefined);
});
