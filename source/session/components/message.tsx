import {Text} from 'ink';
import {cut, widthOf} from '../../text/layout/fit.ts';
import type {Hint} from '../state/keys/binding.ts';
import {besideFix, besideText, linesOf} from '../state/message-lines.ts';
import type {Message, Task} from '../state/model.ts';
import {answerWidth} from '../state/question.ts';
import {theme} from '../theme.ts';
import {bar} from './bar.ts';

const marks = {success: '✓', failure: '✕', note: '·'} as const;

/** What happened: what is wrong, then what to do, whole as far as there are lines. */
export function MessageLines({message, width, lines}: {message: Message; width: number; lines: number}) {
	const style = message.kind === 'success' ? theme.good : message.kind === 'failure' ? theme.bad : theme.accent;
	const whole = linesOf(message, width);
	if (lines < 2 && message.fix !== '') {
		return (
			<Text wrap="truncate">
				<Text {...style}>{` ${marks[message.kind]} `}</Text>
				{cut(`${message.text} → ${message.fix}`, width - besideText)}
			</Text>
		);
	}

	// What to do is kept: the end of what is wrong says least.
	const text = upTo(whole.text, Math.max(1, lines - whole.fix.length), width - besideText);
	const fix = upTo(whole.fix, lines - text.length, width - besideFix);
	return (
		<>
			<Text wrap="truncate">
				<Text {...style}>{` ${marks[message.kind]} `}</Text>
				{text.join('\n   ')}
			</Text>
			{fix.length > 0 && (
				<Text wrap="truncate">
					{'   '}
					<Text {...theme.accent}>→ </Text>
					{fix.join('\n     ')}
				</Text>
			)}
		</>
	);
}

/** At most so many lines; the last one shows that there were more. */
function upTo(all: readonly string[], most: number, width: number): string[] {
	return all.length <= most
		? [...all]
		: [...all.slice(0, most - 1), cut(all.slice(most - 1).join(''), width)].slice(0, most);
}

/** A running task with its progress. */
export function TaskLine({task, width, others}: {task: Task; width: number; others: number}) {
	const more = others > 0 ? `  and ${others} more` : '';
	const barWidth = task.share === undefined || width < 60 ? 0 : 16;
	const percent = task.share === undefined ? '' : ` ${Math.round(task.share * 100)}%`;
	const room = width - 4 - (barWidth === 0 ? 0 : barWidth + 2) - widthOf(percent) - widthOf(more);
	return (
		<Text wrap="truncate">
			<Text {...theme.accent}>{' ◌ '}</Text>
			{cut(task.step === '' ? task.title : `${task.title}: ${task.step}`, room)}
			{barWidth > 0 && `  ${bar(task.share ?? 0, barWidth, theme.accent)}`}
			<Text {...theme.quiet}>
				{percent}
				{more}
			</Text>
		</Text>
	);
}

type QuestionProps = {
	lines: string[];
	/** The keys that answer it, as in the footer. */
	keys: readonly Hint[];
	width: number;
};

/** A question; its keys are beside the last line. */
export function Question({lines, keys, width}: QuestionProps) {
	return (
		<>
			{lines.map((line, place) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: a broken line is nothing but its place
				<Text key={place} wrap="truncate">
					<Text {...theme.warning}>{place === 0 ? ' ? ' : '   '}</Text>
					{place < lines.length - 1 ? line : cut(line, width - 3 - answerWidth(keys))}
					{place === lines.length - 1 && keys.map((hint) => <Answer key={hint.key} hint={hint} beside={line !== ''} />)}
				</Text>
			))}
		</>
	);
}

function Answer({hint: {key, label}, beside}: {hint: Hint; beside: boolean}) {
	return (
		<>
			{beside ? '  ' : ''}
			<Text bold>{key}</Text> {label}
		</>
	);
}
