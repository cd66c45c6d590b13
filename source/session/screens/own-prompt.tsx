import {Box, Text} from 'ink';
import {cut} from '../../text/layout/fit.ts';
import {safeText} from '../../text/safe.ts';
import {FieldLine} from '../components/field-line.tsx';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {TitledPane} from '../components/titled-pane.tsx';
import {selectHints} from '../state/key-hints.ts';
import type {Facts} from '../state/model.ts';
import {type OwnView, openPrompt} from '../state/own/reduce-own.ts';
import type {View} from '../state/reduce.ts';
import {selectHostLine} from '../state/selectors.ts';
import {theme} from '../theme.ts';

type Properties = {facts: Facts; view: View; own: OwnView; size: {columns: number; rows: number}};

/** What a command of the user's asks for before it runs, one after another. */
export function OwnPromptScreen({facts, view, own, size}: Properties) {
	const {columns, rows} = size;
	const {command, field, answers} = own;
	const prompt = openPrompt(own);
	const room = columns - 6;
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<TitledPane title={command.name} width={columns} height={rows - 2} focused>
				{command.prompts
					.filter(({name}) => Object.hasOwn(answers, name))
					.map(({name, text}) => (
						<Text key={name} wrap="truncate" {...theme.quiet}>
							{cut(` ${text}: ${safeText(answers[name] ?? '')}`, room)}
						</Text>
					))}
				<Text wrap="truncate" bold>{` ${cut(prompt?.text ?? '', room)}`}</Text>
				<FieldLine field={field} width={room} />
				<Text wrap="truncate" {...theme.quiet}>
					{cut(` ${safeText(command.words.join(' '))}`, room)}
				</Text>
			</TitledPane>
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}
