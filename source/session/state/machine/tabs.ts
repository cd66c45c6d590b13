import type {View} from '../reduce.ts';

const titles = [
	['1', 'main', 'GPUs'],
	['2', 'containers', 'Containers'],
	['3', 'processes', 'Processes'],
	['4', 'people', 'People'],
	['5', 'images', 'Images'],
	['6', 'disk', 'Disk'],
	['7', 'hosts', 'Hosts'],
] as const;

/** The screens that have a number, and which one is shown. */
export function selectTabs({screen}: Pick<View, 'screen'>): Tabs {
	const known = tabsOf.get(screen) ?? titles.map(([key, name, title]) => ({key, title, active: name === screen}));
	tabsOf.set(screen, known);
	return known;
}

type Tabs = ReadonlyArray<{key: string; title: string; active: boolean}>;

/** The same ones for each frame of a screen. */
const tabsOf = new Map<View['screen'], Tabs>();
