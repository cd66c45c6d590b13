/** What the mouse points at, from the same measures that the screens are drawn by. Pure. */

import {widthOf} from '../../text/layout/fit.ts';
import {boxWindow} from '../components/box-list.tsx';
import {gpuWindow} from '../components/gpu-pane.tsx';
import {linesBesideRows} from '../components/list-pane.tsx';
import {tabTexts} from '../components/tabs.tsx';
import {type Layout, zoomLayout} from '../layout.ts';
import {listParts} from '../screens/list.tsx';
import {selectBoxPane} from '../state/boxes/select-boxes.ts';
import {isListName} from '../state/lists/reduce-lists.ts';
import {selectTabs} from '../state/machine/tabs.ts';
import type {Facts} from '../state/model.ts';
import type {Pane, View} from '../state/reduce.ts';
import {selectGpuPane} from '../state/selectors.ts';

export type Frame = {facts: Facts; view: View; size: {columns: number; rows: number}; layout: Layout; now: Date};

type Point = {x: number; y: number};

export type Hit =
	/** The key of the screen. */
	| {on: 'tab'; key: string}
	/** The GPU or box there, where there is one. */
	| {on: Pane; id: string | undefined}
	| {on: 'row'; id: string};

/** The row of the tabs, below that of the host. */
const tabsRow = 1;

/** Undefined where there is nothing to select, and while something lies over the screen. */
export function hitTest(frame: Frame, point: Point): Hit | undefined {
	const {view, size, layout} = frame;
	if (layout.tooSmall || isCovered(view) || point.x < 0 || point.x >= size.columns) {
		return undefined;
	}

	const hasTabs = view.screen === 'main' ? layout.tabsHeight > 0 : isListName(view.screen);
	if (point.y === tabsRow && hasTabs) {
		return tabAt(view, size.columns, point.x);
	}

	return view.screen === 'main' ? onMain(frame, point) : isListName(view.screen) ? onList(frame, point) : undefined;
}

function isCovered({asking, palette, own, menu, config}: View): boolean {
	return [asking, palette, own, menu, config].some((each) => each !== undefined);
}

function tabAt(view: View, width: number, x: number): Hit | undefined {
	let end = 0;
	for (const {key, text} of tabTexts(selectTabs(view), width)) {
		end += widthOf(text);
		if (x < end) {
			return {on: 'tab', key};
		}
	}

	return undefined;
}

function onMain({facts, view, size, layout, now}: Frame, {x, y}: Point): Hit | undefined {
	const {columns} = size;
	const top = tabsRow + layout.tabsHeight;
	const height = size.rows - top - 1 - layout.messageHeight;
	const shown =
		view.zoom === undefined ? layout : zoomLayout(layout, {columns, height, gpus: facts.gpu.readings.length});
	const gpusEnd = view.zoom === 'boxes' ? top : top + shown.gpuHeight;
	if (y >= top && y < gpusEnd) {
		return {on: 'gpus', id: gpuAt({facts, view, layout: shown, columns}, {x, y: y - top})};
	}

	const end = view.zoom === undefined ? gpusEnd + layout.lowerHeight : top + height;
	if (y < gpusEnd || y >= end || view.zoom === 'gpus') {
		return undefined;
	}

	const beside = shown.sideWidth > 0 ? x >= shown.boxesWidth : view.zoom === undefined && view.focus === 'side';
	if (beside) {
		return {on: 'side', id: undefined};
	}

	const pane = selectBoxPane(facts, view, now);
	const {from, to, above} = boxWindow(pane, shown.lowerHeight);
	const place = above === undefined ? -1 : from + y - gpusEnd - 1 - above;
	return {on: 'boxes', id: place >= from && place < to ? pane.items[place]?.id : undefined};
}

function gpuAt(
	{facts, view, layout, columns}: Pick<Frame, 'facts' | 'view' | 'layout'> & {columns: number},
	{x, y}: Point,
): string | undefined {
	const {items} = selectGpuPane(facts, view);
	const {gpuHeight, gpuColumns, gpuLines} = layout;
	const {from, to, perColumn, columnWidth} = gpuWindow(items, {
		width: columns,
		height: gpuHeight,
		columns: gpuColumns,
		lines: gpuLines,
	});
	const column = Math.floor((x - 1) / columnWidth);
	const line = Math.floor((y - 1) / gpuLines);
	const isInside = x >= 1 && y >= 1 && y < gpuHeight - 1 && column >= 0 && column < gpuColumns && line < perColumn;
	const place = from + column * perColumn + line;
	return isInside && place < to ? items[place]?.uuid : undefined;
}

function onList({facts, view, size, now}: Frame, {y}: Point): Hit | undefined {
	if (!isListName(view.screen)) {
		return undefined;
	}

	const {shown, from, to} = listParts(view.screen, facts, view, {size, now});
	// The lower edge is below the rows.
	const first = tabsRow + linesBesideRows({...view.lists[view.screen], problem: shown.problem});
	const row = y < first ? undefined : shown.rows.slice(from, to)[y - first];
	return row === undefined ? undefined : {on: 'row', id: row.id};
}
