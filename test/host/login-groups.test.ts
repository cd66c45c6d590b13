import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {groupFor} from '../../source/box/files/write-files.ts';
import {groupsForBox, readUmask} from '../../source/host/login-groups.ts';

const names = new Map([
	[4, 'adm'],
	[27, 'sudo'],
	[44, 'video'],
	[998, 'docker'],
	[999, 'engines'],
	[70_300, 'vision'],
	[70_301, 'domain users'],
]);
const nameOf = (gid: number) => names.get(gid);

describe('the groups of a box', () => {
	test('are those of the caller, without the own one, those that are as good as root, and that of the socket', () => {
		assert.deepEqual(
			groupsForBox([70_300, 1000, 0, 4, 27, 44, 998, 999, 70_301, 80_000, 44], nameOf, {gid: 1000, socketGroup: 999}),
			[
				{gid: 44, name: 'video'},
				{gid: 70_300, name: 'vision'},
				{gid: 70_301, name: 'domain_users'},
				{gid: 80_000, name: 'group80000'},
			],
		);
	});

	test('have names inside, with the user in them', () => {
		const alice = {name: 'alice', uid: 1000, gid: 1000};
		const table = groupFor(alice, [
			{gid: 44, name: 'video'},
			{gid: 70_300, name: 'vision'},
			// As on a distribution that numbers them in another way: the name is another group's, the number is too.
			{gid: 8, name: 'users'},
		]);
		assert.match(table, /^vision:x:70300:alice$/m);
		assert.match(table, /^video:x:44:alice$/m);
		assert.match(table, /^alice:x:1000:$/m);
		assert.match(table, /^users:x:8:alice$/m);
		const lines = table.trim().split('\n');
		for (const field of [0, 2]) {
			const values = lines.map((line) => line.split(':')[field]);
			assert.equal(new Set(values).size, values.length, table);
		}
	});

	test('leave the table as it was without any', () => {
		assert.match(groupFor({name: 'alice', uid: 1000, gid: 100}, []), /^users:x:100:$/m);
	});
});

test('the umask is that of this process, in octal', () => {
	const before = process.umask(0o027);
	try {
		assert.equal(readUmask(), '0027');
	} finally {
		process.umask(before);
	}
});
