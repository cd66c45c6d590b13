import {Text} from 'ink';
import {cut, fit} from '../../text/layout/fit.ts';
import {theme} from '../theme.ts';
import {TitledPane} from './titled-pane.tsx';

type Properties = {
	title: string;
	pairs: Array<[label: string, value: string]>;
	width: number;
	height: number;
	focused: boolean;
};

export function BoxDetail({title, pairs, width, height, focused}: Properties) {
	return (
		<TitledPane title={title} note="detail" width={width} height={height} focused={focused}>
			{pairs.slice(0, height - 2).map(([label, value], place) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: labels may repeat, the order is fixed
				<Text key={place} wrap="truncate">
					<Text {...theme.quiet}>{` ${fit(label, 9)} `}</Text>
					{cut(value, width - 14)}
				</Text>
			))}
		</TitledPane>
	);
}
