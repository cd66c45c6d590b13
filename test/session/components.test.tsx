import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {stripVTControlCharacters} from 'node:util';
import {render} from 'ink-testing-library';
import type {ReactElement} from 'react';
import {MessageLines, Question, TaskLine} from '../../source/session/components/message.tsx';
import {TitledPane} from '../../source/session/components/titled-pane.tsx';
import {widthOf} from '../../source/text/fit.ts';

/** What a person sees of one component. */
function seen(element: ReactElement): string[] {
	const {lastFrame, unmount} = render(element);
	const frame = stripVTControlCharacters(lastFrame() ?? '');
	unmount();
	return frame.split('\n').map((line) => line.trimEnd());
}

describe('a message', () => {
	const message = {kind: 'failure', text: 'The port is taken.', fix: 'Leave --port out.'} as const;

	test('with two lines says what is wrong, then what to do', () => {
		const lines = seen(<MessageLines message={message} width={60} lines={2} />);
		assert.deepEqual(lines, [' ✕ The port is taken.', '   → Leave --port out.']);
	});
	test('with one line says both', () => {
		const lines = seen(<MessageLines message={message} width={60} lines={1} />);
		assert.deepEqual(lines, [' ✕ The port is taken. → Leave --port out.']);
	});
	test('success is told by a mark, not by colour alone', () => {
		assert.match(seen(<MessageLines message={{...message, kind: 'success'}} width={60} lines={1} />)[0] ?? '', /^ ✓ /);
	});
});

test('a task shows its step, how far it is, and that others run', () => {
	const [line = ''] = seen(
		<TaskLine task={{id: 1, title: 'Jupyter', step: 'pulling', share: 0.5}} width={80} others={2} />,
	);
	assert.match(line, /Jupyter: pulling/);
	assert.match(line, /50%/);
	assert.match(line, /and 2 more/);
});

test('a question names its keys', () => {
	assert.deepEqual(seen(<Question answer="open" lines={['Remove alice-train?']} width={60} />), [
		' ? Remove alice-train?  y⏎ / n',
	]);
});

test('a pane is as wide as it was told, also with a title in another script', () => {
	for (const title of ['Boxes', '机器学习', 'x'.repeat(100)]) {
		const [top = ''] = seen(
			<TitledPane title={title} width={30} height={4} focused={true}>
				{null}
			</TitledPane>,
		);
		assert.equal(widthOf(top), 30, title);
		assert.match(top, /▸/);
	}
});
