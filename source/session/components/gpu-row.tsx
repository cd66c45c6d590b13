import {Box, Text} from 'ink';
import {cut, fit, widthOf} from '../../text/layout/fit.ts';
import type {GpuItem} from '../state/selectors.ts';
import {theme} from '../theme.ts';
import {Bar} from './bar.tsx';
import {sparkline} from './sparkline.ts';

type Properties = {item: GpuItem; width: number};

/** The mark of the chosen one, its number and name. */
function Head({item, width}: Properties) {
	const number = fit(item.index, 2, 'right');
	return (
		<Text>
			<Text {...theme.accent}>{item.selected ? '▸' : ' '}</Text>
			<Text {...theme.quiet}>{number} </Text>
			<Text bold={item.selected}>{fit(item.name, width - 4)}</Text>
		</Text>
	);
}

function percent(value: number | null): string {
	return value === null ? '–' : `${Math.round(value)}%`;
}

/** The text in place of figures on a card without readings. */
function outOfOrder({trouble, users}: GpuItem): string {
	return `${trouble ?? ''}${users.length === 0 ? '' : ` (${users.join(', ')})`}`;
}

function outOfOrderStyle(item: GpuItem) {
	return item.state === 'unknown' ? theme.warning : theme.bad;
}

/** Widths of the columns of a one-line row; 0 leaves a column out. */
function rowColumns(width: number) {
	// Head, figures with a space before each: utilisation 5, temperature 6, power 6.
	const figures = 5 + 6 + (width >= 56 ? 6 : 0);
	const name = Math.min(30, Math.max(8, Math.floor(width * 0.18)));
	let rest = width - (4 + name) - figures;
	const memoryText = rest >= 12 ? 11 : 0;
	rest -= memoryText;
	const spark = rest >= 8 ? Math.min(60, Math.floor(rest * 0.3)) : 0;
	rest -= spark === 0 ? 0 : spark + 1;
	const bar = rest >= 22 ? Math.min(24, Math.floor(rest * 0.35)) : 0;
	rest -= bar === 0 ? 0 : bar + 1;
	return {name: 4 + name, spark, bar, memoryText, power: width >= 56, users: rest >= 6 ? rest - 2 : 0};
}

/** One line: name, curve, utilisation, memory, temperature, power, users. */
export function GpuRow({item, width}: Properties) {
	const columns = rowColumns(width);
	if (item.trouble !== undefined) {
		return (
			<Text wrap="truncate">
				<Head item={item} width={columns.name} />
				<Text {...outOfOrderStyle(item)}> {fit(outOfOrder(item), Math.max(0, width - columns.name - 1))}</Text>
			</Text>
		);
	}

	return (
		<Text wrap="truncate">
			<Head item={item} width={columns.name} />
			{columns.spark > 0 && <Text {...theme.accent}> {sparkline(item.history, columns.spark)[0]}</Text>}
			<Text bold={(item.utilization ?? 0) >= 5}> {fit(percent(item.utilization), 4, 'right')}</Text>
			{columns.bar > 0 && (
				<Text>
					{' '}
					<Bar share={item.memoryShare} width={columns.bar} style={item.memoryStyle} />
				</Text>
			)}
			{columns.memoryText > 0 && <Text> {fit(item.memoryShort, columns.memoryText - 1, 'right')}</Text>}
			<Text {...item.temperatureStyle}> {fit(item.temperature, 5, 'right')}</Text>
			{columns.power && <Text> {fit(item.powerShort, 5, 'right')}</Text>}
			{columns.users > 0 && <Users item={item} width={columns.users} />}
		</Text>
	);
}

function Users({item, width}: Properties) {
	return item.users.length === 0 ? (
		<Text {...theme.quiet}>{`  ${fit(item.noUsers, width)}`}</Text>
	) : (
		<Text>{`  ${fit(item.users.join(', '), width)}`}</Text>
	);
}

/** The second line of a row: what runs on the card, then its clocks. */
export function GpuSecondLine({item, width}: Properties) {
	if (item.trouble !== undefined) {
		return <Text> </Text>;
	}

	const extra = cut(item.extra, Math.max(0, width - 5));
	const room = Math.max(0, width - 5 - widthOf(extra) - 2);
	return (
		<Text wrap="truncate" {...theme.quiet}>
			{`    ${fit(item.work.length === 0 ? item.noWork : item.work.join(' · '), room)}  ${extra}`}
		</Text>
	);
}

/** Four lines: figures at the left, a curve three lines high next to them, and below both the users and processes of the card. */
export function GpuCard({item, width, height}: Properties & {height: number}) {
	const figures = Math.min(52, Math.max(38, Math.floor(width * 0.5)));
	const curveWidth = Math.max(0, width - figures - 3);
	return (
		<Box flexDirection="column" width={width} height={height} overflow="hidden">
			<Box height={3}>
				<Box flexDirection="column" width={figures} flexShrink={0}>
					<CardFigures item={item} width={figures} />
				</Box>
				<Box flexDirection="column" marginLeft={2} width={curveWidth}>
					{item.trouble === undefined &&
						sparkline(item.history, curveWidth, 3).map((line, row) => (
							// biome-ignore lint/suspicious/noArrayIndexKey: a row of the curve is nothing but its place
							<Text key={row} {...theme.accent}>
								{line}
							</Text>
						))}
				</Box>
			</Box>
			<CardUse item={item} width={width - 1} />
		</Box>
	);
}

function CardFigures({item, width}: Properties) {
	const memory = fit(item.memoryLong, 17);
	return (
		<>
			<Text wrap="truncate">
				<Head item={item} width={width - 6} />
				<Text bold> {fit(item.trouble === undefined ? percent(item.utilization) : '', 5, 'right')}</Text>
			</Text>
			{item.trouble === undefined ? (
				<>
					<Text wrap="truncate">
						{'    '}
						<Bar share={item.memoryShare} width={width - 4 - widthOf(memory) - 2} style={item.memoryStyle} />
						{`  ${memory}`}
					</Text>
					<Text wrap="truncate">
						{'    '}
						<Text {...item.temperatureStyle}>{fit(item.temperature, 5)}</Text>
						{` ${item.powerLong}`}
						<Text {...theme.quiet}>{`  ${cut(item.extra, Math.max(0, width - 12 - widthOf(item.powerLong)))}`}</Text>
					</Text>
				</>
			) : (
				<Text {...outOfOrderStyle(item)}>{`    ${cut(outOfOrder(item), width - 4)}`}</Text>
			)}
		</>
	);
}

function CardUse({item, width}: Properties) {
	const users = cut(item.users.length === 0 ? item.noUsers : item.users.join(', '), width - 4);
	const work = cut(item.work.join(' · '), Math.max(0, width - 4 - widthOf(users) - 2));
	return (
		<Text wrap="truncate">
			<Text {...(item.users.length === 0 ? theme.quiet : {})}>{`    ${users}`}</Text>
			<Text {...theme.quiet}>{`  ${work}`}</Text>
		</Text>
	);
}
