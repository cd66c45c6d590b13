import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {listClaims, ownerText, tellOwnersApart} from '../../source/box/list.ts';
import {ownNames} from '../../source/box/name.ts';
import {findOwn, othersOf} from '../../source/box/up/resolve-spec.ts';
import {
	type Contender,
	contend,
	hostOf,
	inRandomOrder,
	play,
	SlowEngine,
	withMadeUpTime,
} from '../_helpers/contenders.ts';
import {makeBox} from '../_helpers/make-box.ts';

// `müller` and `möller`, as images know them.
const first = {name: 'm_ller', uid: 70_020};
const second = {name: 'm_ller', uid: 70_021};

const owners = (boxes: Parameters<typeof tellOwnersApart>[0], caller = first, local = true) =>
	tellOwnersApart(boxes, caller, local).map((box) => [ownerText(box), box.mine]);

describe('two users never look like one', () => {
	test('a name that two users have is shown with the uid', () => {
		const boxes = [
			makeBox({owner: 'm_ller', uid: 70_020}),
			makeBox({owner: 'm_ller', uid: 70_021, mine: false}),
			makeBox({owner: 'bob', uid: 70_022, mine: false}),
		];
		assert.deepEqual(owners(boxes), [
			['m_ller (uid 70020)', true],
			['m_ller (uid 70021)', false],
			['bob', false],
		]);
	});

	test("also where it is the caller's name and they have no box", () => {
		assert.deepEqual(owners([makeBox({owner: 'm_ller', uid: 70_021, mine: false})]), [['m_ller (uid 70021)', false]]);
	});

	test("a container that names the caller's uid, or no uid and their name, is a claim", () => {
		const boxes = [
			makeBox({owner: 'm_ller', uid: 70_020, mine: false}),
			makeBox({owner: 'm_ller', mine: false}),
			makeBox({owner: 'm_ller', uid: 70_020, mine: false, pending: true}),
		];
		assert.deepEqual(
			owners(boxes).map(([text]) => text),
			['m_ller (claimed)', 'm_ller (claimed)', 'm_ller'],
		);
	});

	test('on another machine a name counts while only one user has it', () => {
		const one = makeBox({owner: 'm_ller', uid: 2001});
		assert.deepEqual(owners([one], first, false), [['m_ller', true]]);
		const both = [one, makeBox({owner: 'm_ller', uid: 70_020})];
		assert.deepEqual(owners(both, first, false), [
			['m_ller (uid 2001)', false],
			['m_ller (uid 70020)', true],
		]);
	});
});

describe('up without a name means PERSON-PROJECT', () => {
	const project = '/home/alice/train';
	const alice = {name: 'alice', uid: 2001};

	test('never a box that got another name, nor that of another user', () => {
		const other = makeBox({name: 'big-run'});
		const theirs = makeBox({name: 'bob-train', owner: 'bob', mine: false, folder: undefined});
		assert.equal(findOwn([other, theirs], alice, {project}), undefined);
		assert.equal(findOwn([other, theirs], alice, {project, name: 'big-run'}), other);
		const own = makeBox({name: 'alice-train', state: 'exited'});
		assert.equal(findOwn([other, own], alice, {project}), own);
		assert.deepEqual(othersOf([other, own, theirs], own, {project}), [other, theirs]);
	});

	test('with the title of gpubox.yaml where it has one', () => {
		const old = makeBox({name: 'alice-train'});
		assert.equal(findOwn([old], alice, {project, projectName: 'vision'}), undefined);
		const own = makeBox({name: 'alice-vision'});
		assert.equal(findOwn([old, own], alice, {project, projectName: 'vision'}), own);
	});

	test('a box that was named apart from that of a namesake, or of a second folder, is found again', () => {
		const names = ownNames(alice, project);
		assert.deepEqual(names.slice(0, 2), ['alice-train', 'alice-train-2001']);
		for (const name of names) {
			const own = makeBox({name});
			assert.equal(findOwn([own], alice, {project}), own, name);
			assert.equal(findOwn([{...own, projectPath: '/elsewhere/train'}], alice, {project}), undefined, name);
		}
	});
});

describe('two namesakes in one shared folder', () => {
	const root = mkdtempSync(join('/dev/shm', 'gpubox-namesakes-'));
	after(() => rmSync(root, {recursive: true, force: true}));

	const person = ({name, uid}: typeof first): Contender => ({
		folder: join(root, String(uid)),
		owner: name,
		uid,
		project: '/projects/shared',
		projectName: 'shared',
		gpus: 0,
		gpuSelection: {kind: 'none'},
	});

	test('each gets a box of their own, in whatever order they come', async () => {
		for (let order = 0; order < 40; order++) {
			rmSync(root, {recursive: true, force: true});
			const engine = new SlowEngine();
			const people = [person(first), person(second)];
			for (const {folder} of people) {
				// What root, who may run this, would make elsewhere for another uid.
				for (const own of ['home', 'cache']) {
					mkdirSync(join(folder, own), {recursive: true});
				}
			}

			await withMadeUpTime(async () => {
				const runs = people.map((each, who) => contend(engine, who, each));
				assert.deepEqual(await play(engine, runs, inRandomOrder(order)), ['won', 'won'], `order ${order}`);
			});
			const lists = people.map(async (each, who) => {
				const listing = listClaims(hostOf(engine.door(who), each));
				while (engine.waiting.length > 0) {
					engine.waiting.shift()?.happen();
				}

				return listing;
			});
			for (const [who, boxes] of (await Promise.all(lists)).entries()) {
				assert.equal(boxes.length, 2, `order ${order}`);
				const own = boxes.filter(({mine}) => mine);
				assert.deepEqual(
					own.map(({uid}) => uid),
					[people[who]?.uid],
				);
				assert.equal(new Set(boxes.map(ownerText)).size, 2);
				assert.ok(
					boxes.some(({name}) => name === 'm_ller-shared') &&
						boxes.some(({name}) => /^m_ller-shared-7002[01]$/.test(name)),
					boxes.map(({name}) => name).join(),
				);
			}
		}
	});
});
