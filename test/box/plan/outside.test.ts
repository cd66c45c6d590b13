import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {after, describe, test} from 'node:test';
import {findOutside, foldersBelow} from '../../../source/box/plan/outside.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'gpubox-outside-')));
after(() => rmSync(root, {recursive: true}));

const uid = process.getuid?.() ?? 0;
const home = '/home/alice';

function put(path: string, content: string): void {
	mkdirSync(dirname(join(root, path)), {recursive: true});
	writeFileSync(join(root, path), content);
}

function makeRepository(path: string): string {
	mkdirSync(join(root, path, 'objects'), {recursive: true});
	put(`${path}/HEAD`, 'ref: refs/heads/main\n');
	return join(root, path);
}

const find = (project: string, mounts: Parameters<typeof findOutside>[0]['mounts'] = [], person = uid) =>
	findOutside({project: join(root, project), mounts, uid: person, home});

describe('a git worktree', () => {
	const repository = makeRepository('src/vision/.git');
	const data = join(repository, 'worktrees/fast');
	put('src/vision/.git/worktrees/fast/commondir', '../..\n');
	put('src/vision/.git/worktrees/fast/gitdir', `${join(root, 'trees/fast/.git')}\n`);
	put('trees/fast/.git', `gitdir: ${data}\n`);

	test("gets the repository at its own path, and the place of the worktree as git can't change it", () => {
		assert.deepEqual(find('trees/fast'), {
			mounts: [
				{type: 'bind', source: repository, target: repository},
				{type: 'bind', source: join(data, 'gitdir'), target: join(data, 'gitdir'), readOnly: true},
			],
			notes: [],
		});
	});

	test('whose path is relative gets it where that leads in the box', () => {
		put('src/vision/.git/worktrees/near/commondir', '../..\n');
		put('src/vision/.git/worktrees/near/gitdir', '../../../../../trees/near/.git\n');
		put('trees/near/.git', 'gitdir: ../../src/vision/.git/worktrees/near\n');
		assert.deepEqual(
			find('trees/near').mounts.map(({target}) => target),
			['/src/vision/.git', '/src/vision/.git/worktrees/near/gitdir'],
		);
	});

	test('is not believed to be one: the repository must know of it, and be of the user', () => {
		put('trees/false/.git', `gitdir: ${data}\n`);
		for (const {mounts, notes} of [find('trees/false'), find('trees/fast', [], uid + 1)]) {
			assert.deepEqual(mounts, []);
			assert.deepEqual(notes, [
				`git does not work in the box: its data is in ${repository}, outside of the project. To mount it: --mount ${repository}:${repository}`,
			]);
		}
	});

	test('is left to a mount that the user gives', () => {
		const mount = {type: 'bind' as const, source: root, target: root};
		assert.deepEqual(find('trees/fast', [mount]), {mounts: [], notes: []});
	});

	test('that leads nowhere on the host gets nothing, and a pipe in its place blocks nothing', () => {
		put('trees/gone/.git', 'gitdir: /nowhere/.git/worktrees/x\n');
		put('trees/odd/.git', 'nothing of the kind');
		assert.deepEqual(
			[find('trees/gone'), find('trees/odd')].map(({mounts, notes}) => [...mounts, ...notes]),
			[[], []],
		);
	});
});

describe('a part of a repository', () => {
	makeRepository('team/.git');
	const shown = join(root, 'team');
	test('is told as one, with where git works', () => {
		mkdirSync(join(root, 'team/part/deep'), {recursive: true});
		assert.deepEqual(find('team/part/deep').notes, [
			`git does not work in /workspace: the project is a folder of the repository ${shown}. Start the box there, or mount it and work in ${shown}/part/deep: --mount ${shown}:${shown}`,
		]);
		assert.deepEqual(find('team/part/deep', [{type: 'bind', source: shown, target: '/team'}]).notes, []);
	});

	test('as a submodule, whose path to its files leads elsewhere in a box', () => {
		makeRepository('team/.git/modules/lib');
		put('team/.git/modules/lib/config', '[core]\n\tbare = false\n\tworktree = ../../../lib\n');
		put('team/lib/.git', 'gitdir: ../.git/modules/lib\n');
		const {mounts, notes} = find('team/lib');
		assert.deepEqual(mounts, []);
		assert.match(notes[0] ?? '', /^git does not work in \/workspace: the project is a submodule of the repository/);
		assert.match(notes[0] ?? '', new RegExp(`--mount ${shown}:${shown}$`));
	});

	test('with its data elsewhere is told the mount', () => {
		const data = makeRepository('elsewhere');
		put('apart/.git', `gitdir: ${data}\n`);
		assert.match(find('apart').notes[0] ?? '', new RegExp(`--mount ${data}:${data}$`));
	});

	test('is not seen in a repository of its own, nor without any', () => {
		makeRepository('whole/.git');
		mkdirSync(join(root, 'plain'));
		assert.deepEqual([find('whole').notes, find('plain').notes], [[], []]);
	});
});

describe('links', () => {
	mkdirSync(join(root, 'data/images'), {recursive: true});
	mkdirSync(join(root, 'linked/sub/deep'), {recursive: true});
	makeRepository('linked/.git');
	const link = (target: string, path: string) => symlinkSync(target, join(root, 'linked', path));
	link('../data', 'data');
	link(join(root, 'data/images'), 'sub/images');
	link('/usr/bin/env', 'python');
	link('sub', 'inner');
	link('/nowhere/at/all', 'dangling');
	link('../../../data', 'sub/deep/too-deep');

	test('that leave the project are told once, with the mounts', () => {
		const images = join(root, 'data/images');
		assert.deepEqual(find('linked'), {
			mounts: [],
			notes: [
				`Links lead out of the project, to nothing in the box: data, sub/images. To mount what is there: --mount ${join(root, 'data')}:/data --mount ${images}:${images}`,
			],
		});
	});

	test('that lead into a mount, or nowhere on the host, are not', () => {
		const mounts = [
			{type: 'bind' as const, source: join(root, 'data'), target: '/data/'},
			{type: 'bind' as const, source: root, target: root},
		];
		assert.deepEqual(find('linked', mounts).notes, []);
	});

	test('with an absolute path into the project lead elsewhere in a box', () => {
		mkdirSync(join(root, 'absolute/models'), {recursive: true});
		makeRepository('absolute/.git');
		symlinkSync(join(root, 'absolute/models'), join(root, 'absolute/current'));
		const models = join(root, 'absolute/models');
		assert.deepEqual(find('absolute').notes, [
			`The link current leads out of the project, to nothing in the box. To mount what is there: --mount ${models}:${models}`,
		]);
	});

	test('of a folder with very many entries cost a bounded time', () => {
		mkdirSync(join(root, 'many'));
		makeRepository('many/.git');
		for (let index = 0; index < 2100; index++) {
			symlinkSync('../data', join(root, 'many', `link-${index}`));
		}

		assert.match(
			find('many').notes[0] ?? '',
			/^Links lead .*: link-\d+, link-\d+, link-\d+ and (?:199\d) more\. To mount what is there: --mount \S+:\/data$/,
		);
	});
});

test('folders of the home that something is mounted at are made by gpubox', () => {
	const bind = (target: string, source = root) => ({type: 'bind' as const, source, target});
	assert.deepEqual(
		foldersBelow(home, [
			bind('/home/alice/src/vision/.git'),
			bind('/data'),
			bind('/home/alice/.cache/x'),
			bind('/home/alice/file', join(root, 'trees/fast/.git')),
			bind('/home/alicex/data'),
		]),
		['src/vision/.git'],
	);
});
