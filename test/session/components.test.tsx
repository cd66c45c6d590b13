import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {stripVTControlCharacters} from 'node:util';
import {render} from 'ink-testing-library';
import type {ReactElement} from 'react';
import {Footer} from '../../source/session/components/footer.tsx';
import {MessageLines, Question, TaskLine} from '../../source/session/components/message.tsx';
import {TitledPane} from '../../source/session/components/titled-pane.tsx';
import {heightOf} from '../../source/session/state/message-lines.ts';
import {widthOf} from '../../source/text/layout/fit.ts';

/** What a person sees of one component. */
function seen(element: ReactElement): string[] {
	const {lastFrame, unmount} = render(element);
	const frame = stripVTControlCharacters(lastFrame() ?? '');
	unmount();
	return frame.split('\n').map((line) => line.trimEnd());
}

test('the way back, help and quit are the last keys to leave a narrow footer', () => {
	const hints = [
		{key: '/', label: 'search'},
		{key: 'Esc', label: 'back', stays: true as const},
		{key: 'S', label: 'save'},
		{key: '?', label: 'help'},
		{key: 'q', label: 'quit'},
	];
	const at = (width: number) =>
		seen(<Footer hints={hints} width={width} />)
			.join('')
			.trim();
	assert.equal(at(60), '/ search  Esc back  S save  ? help  q quit');
	assert.equal(at(38), '/ search  Esc back  ? help  q quit');
	assert.equal(at(28), 'Esc back  ? help  q quit');
});

describe('a message', () => {
	test('is whole, on a narrow terminal as on a wide one', () => {
		const text = `The engine refused: ${'some long reason, '.repeat(8)}the end of it.`;
		const fix = `Run this: docker system prune --all --filter ${'label=x '.repeat(12)}, then try again.`;
		for (const width of [60, 100]) {
			const height = heightOf({text, fix}, width);
			const lines = seen(<MessageLines message={{kind: 'failure', text, fix}} width={width} lines={height} />);
			assert.equal(lines.length, height);
			assert.ok(lines.every((line) => line.length <= width));
			const words = (shown: string) => shown.replaceAll(/[✕→\s]+/g, ' ').trim();
			assert.equal(words(lines.join(' ')), words(`${text} ${fix}`));
		}
	});

	test('with fewer lines keeps what to do', () => {
		const message = {kind: 'failure', text: 'a '.repeat(200), fix: 'Do this.'} as const;
		const lines = seen(<MessageLines message={message} width={60} lines={3} />);
		assert.equal(lines.length, 3);
		assert.match(lines[1] ?? '', /…$/);
		assert.match(lines[2] ?? '', /→ Do this\./);
	});

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
	const keys = [
		{key: 'y ⏎', label: 'yes'},
		{key: 'n', label: 'no'},
	];
	assert.deepEqual(seen(<Question keys={keys} lines={['Remove alice-train?']} width={60} />), [
		' ? Remove alice-train?  y ⏎ yes  n no',
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

test('of the parts of a note the least important go first, and only the last one is cut', () => {
	const note = [
		{text: 'saved in ~/.config/gpubox/config.json', rank: 1},
		{text: '1–11 of 31', rank: 0},
	];
	const top = (width: number) =>
		seen(
			<TitledPane title="Your settings" note={note} width={width} height={3} focused>
				{null}
			</TitledPane>,
		)[0] ?? '';
	assert.match(top(80), /saved in \S+config\.json · 1–11 of 31 ─╮$/);
	assert.match(top(60), /Your settings ─+ 1–11 of 31 ─╮$/);
	assert.match(top(30), / 1–11 of…/);
});
