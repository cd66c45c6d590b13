import {Box, Text} from 'ink';
import {MessageLines, Question, TaskLine} from '../components/message.tsx';
import type {Facts} from '../state/model.ts';
import {answerHints, questionLines, questionText} from '../state/question.ts';
import type {View} from '../state/reduce.ts';

/** The lines above the footer: a question comes before work under way, and that before what happened last. */
export function Notices({facts, view, width, height}: {facts: Facts; view: View; width: number; height: number}) {
	const {message, tasks} = facts;
	const task = tasks.at(-1);
	let content = <Text> </Text>;
	if (view.asking !== undefined && !('top' in view.asking)) {
		const {asking} = view;
		const lines = height < 2 ? [questionText(asking)] : questionLines(asking, width);
		content = <Question lines={lines} keys={answerHints(asking)} width={width} />;
	} else if (task !== undefined && (height < 2 || message === undefined)) {
		content = <TaskLine task={task} others={tasks.length - 1} width={width} />;
	} else if (message !== undefined) {
		content = (
			<>
				{task !== undefined && <TaskLine task={task} others={tasks.length - 1} width={width} />}
				<MessageLines message={message} width={width} lines={height - (task === undefined ? 0 : 1)} />
			</>
		);
	}

	return (
		<Box flexDirection="column" width={width} height={height} flexShrink={0} overflow="hidden">
			{content}
		</Box>
	);
}
