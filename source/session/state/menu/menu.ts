/** A short list to choose from, such as what to copy. */

/** One line: `value` is what is copied; what is secret in it is not shown. */
export type MenuItem = {key: string; label: string; shown: string; value: string};

/** `items` is undefined while they are looked for. */
export type MenuView = {title: string; items: MenuItem[] | undefined; cursor: number};

export type MenuAction = {what: 'take' | 'close'} | {what: 'move'; by: number} | {what: 'line'; key: string};

export type MenuEffect = {type: 'copy'; label: string; value: string};

type Reduced = {menu: MenuView | undefined; effects: MenuEffect[]};

/** What a key does to it. */
export function reduceMenu(menu: MenuView | undefined, does: MenuAction): Reduced {
	if (menu === undefined || does.what === 'close') {
		return {menu: undefined, effects: []};
	}

	const items = menu.items ?? [];
	if (does.what === 'move') {
		return {menu: {...menu, cursor: Math.max(0, Math.min(menu.cursor + does.by, items.length - 1))}, effects: []};
	}

	const item = does.what === 'line' ? items.find(({key}) => key === does.key) : items[menu.cursor];
	return item === undefined
		? {menu, effects: []}
		: {menu: undefined, effects: [{type: 'copy', label: item.label, value: item.value}]};
}
