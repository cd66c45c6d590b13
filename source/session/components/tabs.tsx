import {Text} from 'ink';
import {widthOf} from '../../text/layout/fit.ts';
import {theme} from '../theme.ts';

export type Tab = {key: string; title: string; active: boolean};

/** The screens by number in one line. Where they do not all fit, titles of the others are left out. */
export function Tabs({tabs, width}: {tabs: readonly Tab[]; width: number}) {
	const lengthOf = (some: readonly Tab[]) =>
		some.reduce((sum, {key, title}) => sum + widthOf(key) + widthOf(title) + 3, 0);
	const short = lengthOf(tabs) > width;
	return (
		<Text wrap="truncate">
			{tabs.map(({key, title, active}) => (
				<Text key={key} {...(active ? theme.focusedBorder : theme.quiet)} inverse={active}>
					{short && !active ? ` ${key} ` : ` ${key} ${title} `}
				</Text>
			))}
		</Text>
	);
}
