/** A GPU as lines of text, for any number of lines that it may have. Pure. */
import {cut, fit, widthOf} from '../../text/layout/fit.ts';
import {paint} from '../look/paint.ts';
import type {GpuItem} from '../state/selectors.ts';
import {type Style, theme} from '../theme.ts';
import {bar} from './bar.ts';
import {sparkline} from './sparkline.ts';

const plain: Style = {};
const bold: Style = {bold: true};

/** So many lines of at most `width` columns. */
export function gpuLines(item: GpuItem, width: number, lines: number): string[] {
	if (lines >= 4) {
		return [...cardLines(item, width), ...Array.from({length: lines - 4}, () => '')];
	}

	return lines === 2 ? [row(item, width), secondLine(item, width)] : [row(item, width)];
}

/** The mark of the chosen one, its number and name. */
function head({selected, index, name}: GpuItem, width: number): string {
	return (
		paint(selected ? '▸' : ' ', theme.accent) +
		paint(`${fit(index, 2, 'right')} `, theme.quiet) +
		paint(fit(name, width - 4), selected ? bold : plain)
	);
}

function percent(value: number | null): string {
	return value === null ? '–' : `${Math.round(value)}%`;
}

/** The text in place of figures on a card without readings. */
function outOfOrder({trouble, users}: GpuItem): string {
	return `${trouble ?? ''}${users.length === 0 ? '' : ` (${users.join(', ')})`}`;
}

function outOfOrderStyle({state}: GpuItem): Style {
	return state === 'unknown' ? theme.warning : theme.bad;
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
	const share = rest >= 22 ? Math.min(24, Math.floor(rest * 0.35)) : 0;
	rest -= share === 0 ? 0 : share + 1;
	return {name: 4 + name, spark, bar: share, memoryText, power: width >= 56, users: rest >= 6 ? rest - 2 : 0};
}

/** One line: name, curve, utilisation, memory, temperature, power, users. */
function row(item: GpuItem, width: number): string {
	const columns = rowColumns(width);
	const name = head(item, columns.name);
	if (item.trouble !== undefined) {
		return name + paint(` ${fit(outOfOrder(item), Math.max(0, width - columns.name - 1))}`, outOfOrderStyle(item));
	}

	return [
		name,
		columns.spark > 0 ? paint(` ${sparkline(item.history, columns.spark)[0]}`, theme.accent) : '',
		paint(` ${fit(percent(item.utilization), 4, 'right')}`, (item.utilization ?? 0) >= 5 ? bold : plain),
		columns.bar > 0 ? ` ${bar(item.memoryShare, columns.bar, item.memoryStyle)}` : '',
		columns.memoryText > 0 ? ` ${fit(item.memoryShort, columns.memoryText - 1, 'right')}` : '',
		paint(` ${fit(item.temperature, 5, 'right')}`, item.temperatureStyle),
		columns.power ? ` ${fit(item.powerShort, 5, 'right')}` : '',
		columns.users > 0 ? paint(`  ${fit(usersOf(item), columns.users)}`, usersStyle(item)) : '',
	].join('');
}

function usersOf({users, noUsers}: GpuItem): string {
	return users.length === 0 ? noUsers : users.join(', ');
}

function usersStyle({users}: GpuItem): Style {
	return users.length === 0 ? theme.quiet : plain;
}

/** The second line of a row: what runs on the card, then its clocks. */
function secondLine(item: GpuItem, width: number): string {
	if (item.trouble !== undefined) {
		return '';
	}

	const extra = cut(item.extra, Math.max(0, width - 5));
	const room = Math.max(0, width - 5 - widthOf(extra) - 2);
	const work = item.work.length === 0 ? item.noWork : item.work.join(' · ');
	return paint(`    ${fit(work, room)}  ${extra}`, theme.quiet);
}

/** Four lines: figures at the left, a curve three lines high next to them, and below both the users and processes of the card. */
function cardLines(item: GpuItem, width: number): string[] {
	const figuresWidth = Math.min(52, Math.max(38, Math.floor(width * 0.5)));
	const figures = cardFigures(item, figuresWidth);
	const curveWidth = Math.max(0, width - figuresWidth - 3);
	const curve = item.trouble === undefined ? sparkline(item.history, curveWidth, 3) : [];
	return [
		...figures.map((line, place) =>
			curve[place] === undefined ? line : `${padded(line, figuresWidth + 2)}${paint(curve[place], theme.accent)}`,
		),
		cardUse(item, width - 1),
	];
}

/** Filled up with spaces to `width` columns. */
export function padded(line: string, width: number): string {
	return line + ' '.repeat(Math.max(0, width - widthOf(line)));
}

function cardFigures(item: GpuItem, width: number): string[] {
	const {trouble, extra, powerLong} = item;
	const name = head(item, width - 6);
	if (trouble !== undefined) {
		return [name, paint(`    ${cut(outOfOrder(item), width - 4)}`, outOfOrderStyle(item)), ''];
	}

	const memory = fit(item.memoryLong, 17);
	const more = cut(extra, Math.max(0, width - 12 - widthOf(powerLong)));
	return [
		name + paint(` ${fit(percent(item.utilization), 5, 'right')}`, bold),
		`    ${bar(item.memoryShare, width - 4 - widthOf(memory) - 2, item.memoryStyle)}  ${memory}`,
		`    ${paint(fit(item.temperature, 5), item.temperatureStyle)} ${powerLong}${paint(`  ${more}`, theme.quiet)}`,
	];
}

function cardUse(item: GpuItem, width: number): string {
	const users = cut(usersOf(item), width - 4);
	const work = cut(item.work.join(' · '), Math.max(0, width - 4 - widthOf(users) - 2));
	return paint(`    ${users}`, usersStyle(item)) + paint(`  ${work}`, theme.quiet);
}
