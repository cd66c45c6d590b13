import {Box, Text} from 'ink';
import type {Diagnostic} from '../../base/failure.ts';
import {cut, fit, widthOf} from '../../text/layout/fit.ts';
import {paint} from '../look/paint.ts';
import type {BoxItem, BoxPaneView} from '../state/boxes/select-boxes.ts';
import type {Hint} from '../state/keys/binding.ts';
import {type Style, theme} from '../theme.ts';
import {Line} from './line.tsx';
import {Filter} from './list-pane.tsx';
import {TitledPane, windowAround} from './titled-pane.tsx';

type Properties = {view: BoxPaneView; width: number; height: number; focused: boolean};

/**
Which boxes are shown.

@returns `above`: lines of the frame above them; undefined where words of unknown length are there
*/
export function boxWindow(
	view: Pick<BoxPaneView, 'invites' | 'filter' | 'problem'> & {items: ReadonlyArray<Pick<BoxItem, 'selected'>>},
	height: number,
): {from: number; to: number; invited: number; above: number | undefined} {
	const inner = height - 2;
	// With the engine gone the last known boxes stay, below the words on what is wrong.
	const invited = view.invites.length > 0 && inner >= view.invites.length + 4 ? view.invites.length + 2 : 0;
	const beside = view.filter === undefined ? 0 : 1;
	const room = view.problem === undefined ? inner - invited - beside : Math.max(0, inner - 5 - beside);
	const chosen = Math.max(
		0,
		view.items.findIndex((item) => item.selected),
	);
	const {from, to} = windowAround(chosen, view.items.length, room);
	return {from, to: room === 0 ? from : to, invited, above: view.problem === undefined ? beside : undefined};
}

export function BoxList({view, width, height, focused}: Properties) {
	const inner = {width: width - 2, height: height - 2};
	const {from, to, invited} = boxWindow(view, height);
	const items = view.items.slice(from, to);
	const anyMarked = view.items.some(({marked}) => marked);
	const widths = columnWidths(view.items, inner.width - (anyMarked ? 2 : 0));
	const place = items.length < view.items.length ? `${from + 1}–${to} of ${view.items.length}` : view.note;
	return (
		<TitledPane
			title={view.title}
			note={[
				{text: view.age, rank: 0},
				{text: place, rank: 1},
			]}
			width={width}
			height={height}
			focused={focused}
		>
			{view.filter !== undefined && (
				<Filter filter={view.filter.field} typing={view.filter.typing} found={view.filter.found} width={inner.width} />
			)}
			{view.problem !== undefined && <BoxProblem problem={view.problem} width={inner.width} />}
			{items.map((item) => (
				<Row key={item.id} item={item} widths={widths} anyMarked={anyMarked} />
			))}
			{items.length === 0 && view.problem === undefined && (
				<Box flexDirection="column" width={inner.width} paddingX={1}>
					{view.empty.map((line) => (
						<Text key={line} {...theme.quiet}>
							{line === '' ? ' ' : line}
						</Text>
					))}
				</Box>
			)}
			{view.problem === undefined && (items.length === 0 || invited > 0) && (
				<Invites invites={view.invites} withWords={items.length > 0} width={inner.width} />
			)}
		</TitledPane>
	);
}

/** How to create a first box, shown where a user without one looks. */
function Invites({invites, withWords, width}: {invites: Hint[]; withWords: boolean; width: number}) {
	return (
		<Box flexDirection="column" width={width} paddingX={1} paddingTop={1} flexShrink={0}>
			{withWords && <Text {...theme.quiet}>You have none yet:</Text>}
			{invites.map(({key, label}) => (
				<Text key={key} wrap="truncate">
					<Text {...theme.accent} bold>{`${key}  `}</Text>
					{cut(label, width - 5)}
				</Text>
			))}
		</Box>
	);
}

function BoxProblem({problem, width}: {problem: Diagnostic; width: number}) {
	return (
		<Box flexDirection="column" width={width} paddingX={1} flexShrink={0}>
			<Text>
				<Text {...theme.warning}>! </Text>
				{problem.message}
			</Text>
			{problem.fix !== '' && <Text {...theme.accent}>→ {problem.fix}</Text>}
		</Box>
	);
}

const plain: Style = {};

type Widths = {
	name: number;
	owner: number;
	services: number;
	gpus: number;
	note: number;
	age: number;
	image: number;
};

/** The name gets what it needs first; the image only what nothing else wants. */
function columnWidths(items: readonly BoxItem[], width: number): Widths {
	const longest = (of: (item: BoxItem) => string, most: number) =>
		items.reduce((longest, item) => Math.max(longest, widthOf(cut(of(item), most))), 0);
	let rest = width - 4;
	const take = (wanted: number, least = wanted): number => {
		if (wanted === 0 || rest < least + 2) {
			return 0;
		}

		const got = Math.min(wanted, rest - 2);
		rest -= got + 2;
		return got;
	};

	const name = Math.max(
		6,
		Math.min(
			longest((item) => item.name, 28),
			rest,
		),
	);
	rest -= name;
	const owner = take(
		longest((item) => item.owner, 10),
		3,
	);
	const gpus = take(
		longest((item) => item.gpus, 9),
		1,
	);
	const note = take(
		longest((item) => item.note?.text ?? '', 30),
		6,
	);
	const services = take(longest((item) => servicesOf(item), 11));
	const age = take(longest((item) => item.age, 6));
	const image = take(
		longest((item) => item.image, 60),
		14,
	);
	return {name, owner, services, gpus, note, age, image};
}

function servicesOf(item: BoxItem): string {
	return item.running ? item.services : item.state;
}

/** Marks get a column of their own once there is one. */
function Row({item, widths, anyMarked}: {item: BoxItem; widths: Widths; anyMarked: boolean}) {
	const column = (text: string, width: number, align: 'left' | 'right' = 'left') =>
		width === 0 ? '' : `  ${fit(text, width, align)}`;
	const style = item.running ? plain : theme.quiet;
	return (
		<Line
			text={[
				paint(item.selected ? '▸' : ' ', theme.accent),
				anyMarked ? paint(item.marked ? '✓ ' : '  ', theme.strong) : '',
				paint(`${item.mark} `, item.markStyle),
				paint(fit(item.name, widths.name), item.selected ? {...style, bold: true} : style),
				paint(column(item.owner, widths.owner), theme.quiet),
				paint(column(item.gpus, widths.gpus), item.running ? theme.good : theme.quiet),
				paint(column(item.note?.text ?? '', widths.note), item.note?.style ?? plain),
				paint(column(servicesOf(item), widths.services), style),
				paint(column(item.age, widths.age, 'right') + column(item.image, widths.image), theme.quiet),
			].join('')}
		/>
	);
}
