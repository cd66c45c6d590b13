import {Box, Text} from 'ink';
import {breakLines, cut} from '../../text/layout/fit.ts';
import {FieldLine} from '../components/field-line.tsx';
import {Footer} from '../components/footer.tsx';
import {HostLine} from '../components/host-line.tsx';
import {TitledPane, windowAround} from '../components/titled-pane.tsx';
import type {ConfigEdit} from '../state/config/config.ts';
import {selectHints} from '../state/key-hints.ts';
import type {Facts} from '../state/model.ts';
import type {View} from '../state/reduce.ts';
import {selectHostLine} from '../state/selectors.ts';
import {theme} from '../theme.ts';

type Properties = {facts: Facts; view: View; config: ConfigEdit; size: {columns: number; rows: number}};

/** One setting that is being changed: a list to choose from, or a line to type into. */
export function SettingScreen({facts, view, config, size}: Properties) {
	const {columns, rows} = size;
	const {setting, field, cursor, fault} = config;
	const width = columns - 4;
	const told = [...breakLines(setting.says, width), ...breakLines(`It takes ${setting.wants}.`, width)];
	const faults = fault === '' ? [] : breakLines(`✕ ${fault}`, width);
	const {from, to} = windowAround(cursor, setting.choices.length, rows - 6 - told.length - faults.length);
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<HostLine parts={selectHostLine(facts)} demo={facts.demo} width={columns} />
			<TitledPane title={setting.key} width={columns} height={rows - 2} focused>
				{told.map((line, place) => (
					// biome-ignore lint/suspicious/noArrayIndexKey: a broken line is nothing but its place
					<Text key={place} {...theme.quiet}>{` ${line.trim()}`}</Text>
				))}
				<Text> </Text>
				{field !== undefined && (
					<Box>
						<Text {...theme.accent}>{' › '}</Text>
						<FieldLine field={field} width={width - 4} />
					</Box>
				)}
				{field === undefined &&
					setting.choices.slice(from, to).map((choice, place) => (
						<Text key={choice} wrap="truncate">
							<Text {...theme.accent}>{from + place === cursor ? ' ▸ ' : '   '}</Text>
							<Text bold={from + place === cursor}>{cut(choice, width - 12)}</Text>
							<Text {...theme.quiet}>{choice === setting.value ? '  now' : ''}</Text>
						</Text>
					))}
				{faults.map((line, place) => (
					// biome-ignore lint/suspicious/noArrayIndexKey: a broken line is nothing but its place
					<Text key={place} {...theme.bad}>{` ${line.trim()}`}</Text>
				))}
			</TitledPane>
			<Footer hints={selectHints(facts, view)} width={columns} />
		</Box>
	);
}
