import {Text} from 'ink';
import {memo} from 'react';
import {widthOf} from '../../text/layout/fit.ts';
import {theme} from '../theme.ts';

export type Tab = {key: string; title: string; active: boolean};

/** What is drawn of each tab, in their order. Where they do not all fit, titles of the others are left out. */
export function tabTexts(tabs: readonly Tab[], width: number): Array<Tab & {text: string}> {
	const whole = tabs.map((tab) => ({...tab, text: ` ${tab.key} ${tab.title} `}));
	const short = whole.reduce((sum, {text}) => sum + widthOf(text), 0) > width;
	return short ? whole.map((tab) => (tab.active ? tab : {...tab, text: ` ${tab.key} `})) : whole;
}

/** The screens by number in one line; the same tabs are not drawn again. */
export const Tabs = memo(function Tabs({tabs, width}: {tabs: readonly Tab[]; width: number}) {
	return (
		<Text wrap="truncate">
			{tabTexts(tabs, width).map(({key, text, active}) => (
				<Text key={key} {...(active ? theme.focusedBorder : theme.quiet)} inverse={active}>
					{text}
				</Text>
			))}
		</Text>
	);
});
