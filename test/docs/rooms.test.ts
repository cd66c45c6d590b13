import assert from 'node:assert/strict';
import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {readDocument, root} from './_commands.ts';

type Override = {
	includes: string[];
	linter: {rules: {style?: {noRestrictedImports?: {options: {patterns: Array<{group: string[]}>}}}}};
};

const rooms = readdirSync(join(root, 'source'), {withFileTypes: true})
	.filter((entry) => entry.isDirectory())
	.map(({name}) => name);

/** The rooms that biome.json does not forbid to a room. */
function allowed(room: string): string[] {
	const {overrides} = JSON.parse(readDocument('biome.json')) as {overrides: Override[]};
	const override = overrides.find(({includes}) => includes.includes(`source/${room}/**`));
	const patterns = override?.linter.rules.style?.noRestrictedImports?.options.patterns ?? [];
	const forbidden = new Set(patterns.flatMap(({group}) => group));
	return rooms.filter((other) => other !== room && !forbidden.has(`**/${other}/**`)).sort();
}

test('architecture.md names each room with the rooms that biome.json allows it to import', () => {
	const rows = [...readDocument('docs/architecture.md').matchAll(/^\| `source\/([\w-]+)\/` \| .* \| ([^|]+) \|$/gm)];
	assert.deepEqual(rows.map(([, room]) => room).sort(), rooms.sort());
	for (const [, room = '', column = ''] of rows) {
		const shown = column === 'nothing' ? [] : column.split(', ');
		assert.deepEqual(column === 'all of the above' ? allowed(room) : shown.sort(), allowed(room), room);
	}
});
