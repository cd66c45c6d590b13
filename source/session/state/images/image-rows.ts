/** The images as rows of a list. Pure. */
import type {ImageChoice} from '../../../app/images/image-choices.ts';
import {formatBytes} from '../../../text/bytes.ts';
import {wrap} from '../../../text/layout/fit.ts';
import {type Style, theme} from '../../theme.ts';
import type {DetailLine} from '../lists/detail.ts';
import type {Column, Row} from '../lists/list.ts';
import type {Facts} from '../model.ts';

export const imageColumns: readonly Column[] = [
	// The end of a name tells one build from the next: the last to be cut.
	{key: 'name', title: 'IMAGE', most: 52, least: 20, priority: 1, filtered: true},
	{key: 'download', title: 'DOWNLOAD', most: 9, align: 'right', priority: 0, filtered: true},
	{key: 'cuda', title: 'CUDA', most: 6, priority: 2},
	{key: 'framework', title: 'FRAMEWORK', most: 20, least: 14, priority: 3, filtered: true},
	{key: 'why', title: 'WHY', most: 120, least: 12, priority: 4, unsorted: true},
];

/** Best first, as they come. */
export function imageRows({choices}: Facts['images']): Row[] {
	return choices.map(({reference, fits, recommended, local, cuda, framework, sizeBytes, reasons}) => ({
		id: reference,
		...markOf(fits, recommended),
		dim: fits === false,
		cells: {
			name: {text: reference},
			download: {
				text: local ? 'here' : sizeBytes === null ? '' : formatBytes(sizeBytes),
				value: local ? 0 : sizeBytes,
			},
			cuda: {text: cuda ?? '', value: cuda},
			framework: {text: framework ?? '', value: framework},
			why: {text: reasons[0] ?? '', style: theme.quiet},
		},
	}));
}

function markOf(fits: ImageChoice['fits'], recommended: boolean): {mark: string; markStyle: Style} {
	if (recommended) {
		return {mark: '★', markStyle: theme.accent};
	}

	return fits === true
		? {mark: '✓', markStyle: theme.good}
		: fits === 'unknown'
			? {mark: '?', markStyle: theme.warning}
			: {mark: '✕', markStyle: theme.bad};
}

const verdicts: Record<string, string> = {true: 'fits', unknown: 'compatibility unknown', false: 'does not fit'};

/** Whether it fits, in words. */
export function imageVerdict(reference: string, {choices}: Facts['images']): string {
	const choice = choices.find((each) => each.reference === reference);
	return choice === undefined ? '' : (verdicts[String(choice.fits)] ?? '');
}

/** What may have no column, and all reasons, whole. */
export function imageDetail(reference: string, {choices}: Facts['images'], width: number): DetailLine[] {
	const choice = choices.find((each) => each.reference === reference);
	if (choice === undefined) {
		return [];
	}

	const {local, sizeBytes, cuda, framework, reasons} = choice;
	const size = sizeBytes === null ? undefined : formatBytes(sizeBytes);
	const facts = [
		local ? `on this host${size === undefined ? '' : `, ${size}`}` : `download ${size ?? 'of unknown size'}`,
		cuda === null ? '' : `CUDA ${cuda}`,
		framework ?? '',
	].filter((text) => text !== '');
	return [facts.join(' · '), ...reasons].flatMap((text) =>
		wrap(text, Math.max(20, width)).map((line) => ({text: line})),
	);
}
