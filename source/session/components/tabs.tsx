import {widthOf} from '../../text/layout/fit.ts';
import {paint} from '../look/paint.ts';
import {theme} from '../theme.ts';
import {Line} from './line.tsx';

export type Tab = {key: string; title: string; active: boolean};

/** What is drawn of each tab, in their order. Where they do not all fit, titles of the others are left out. */
export function tabTexts(tabs: readonly Tab[], width: number): Array<Tab & {text: string}> {
	const whole = tabs.map((tab) => ({...tab, text: ` ${tab.key} ${tab.title} `}));
	const short = whole.reduce((sum, {text}) => sum + widthOf(text), 0) > width;
	return short ? whole.map((tab) => (tab.active ? tab : {...tab, text: ` ${tab.key} `})) : whole;
}

/** The screens by number in one line. */
export function Tabs({tabs, width}: {tabs: readonly Tab[]; width: number}) {
	return (
		<Line
			text={tabTexts(tabs, width)
				.map(({text, active}) => paint(text, active ? theme.tab : theme.quiet))
				.join('')}
		/>
	);
}
