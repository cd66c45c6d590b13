import assert from 'node:assert/strict';
import {test} from 'node:test';
import {extensionPrefix, label} from '../../source/box/box.ts';
import type {Idleness} from '../../source/box/idle/idle.ts';
import {noticeText} from '../../source/box/idle/reap.ts';
import {listBoxes} from '../../source/box/list.ts';
import {reapBox} from '../../source/commands/reap-box.ts';
import type {Container} from '../../source/engine/engine.ts';
import type {Host} from '../../source/host/host.ts';

const expired = new Date(Date.now() - 3_600_000);
const container: Container = {
	id: 'a'.repeat(64),
	name: 'gpubox-alice-train',
	image: 'i',
	imageId: 'sha256:1',
	labels: {[label.name]: 'alice-train', [label.owner]: 'alice', [label.until]: expired.toISOString()},
	state: 'running',
	createdAt: new Date(0),
	ports: [],
};
const extension: Container = {
	...container,
	id: 'b'.repeat(64),
	name: `${extensionPrefix}1`,
	state: 'created',
	labels: {
		[label.name]: 'alice-train',
		[label.kind]: 'extension',
		[label.startOf]: container.id,
		[label.until]: new Date(Date.now() + 3_600_000).toISOString(),
	},
};

/** An engine whose box was told an hour ago that it will be stopped. */
function hostWith(containers: Container[]) {
	const stopped: string[] = [];
	const due = {reason: 'its reservation has expired', since: expired, expired: true};
	const notice = noticeText({name: 'alice-train'}, due, expired);
	const engine = {
		local: false,
		listContainers: async () => [...containers],
		async *logs() {
			yield {stream: 'stdout', data: Buffer.from(`${notice}\n`)};
		},
		async stopContainer(id: string) {
			stopped.push(id);
		},
	};
	const host = {engine, demo: true, person: {name: 'alice', uid: 7, gid: 7}, paths: {}} as unknown as Host;
	return {host, stopped};
}

const {signal} = new AbortController();
const options = {graceMs: 60_000, dryRun: false, look: async () => new Map<string, Idleness>()};

test('a box whose reservation has expired is stopped after its notice', async () => {
	const {host, stopped} = hostWith([container]);
	const [box] = await listBoxes(host);
	assert.ok(box);
	assert.equal((await reapBox(host, box, undefined, options, signal)).action, 'stopped');
	assert.deepEqual(stopped, [container.id]);
});

test('one whose reservation was extended since the boxes were listed is not, nor one that was removed', async () => {
	const containers = [container];
	const {host, stopped} = hostWith(containers);
	const [box] = await listBoxes(host);
	assert.ok(box);
	containers.push(extension);
	const {action, reason} = await reapBox(host, box, undefined, options, signal);
	assert.equal(action, 'none');
	assert.match(reason, /reserved until/);
	containers.length = 0;
	assert.deepEqual(await reapBox(host, box, undefined, options, signal), {
		box,
		action: 'none',
		reason: 'it was removed',
	});
	assert.deepEqual(stopped, []);
});

test('of a dry run nothing is asked again', async () => {
	const {host, stopped} = hostWith([container]);
	const [box] = await listBoxes(host);
	assert.ok(box);
	const dry = {...options, dryRun: true, look: () => Promise.reject(new Error('asked'))};
	assert.equal((await reapBox(host, box, undefined, dry, signal)).action, 'stopped');
	assert.deepEqual(stopped, []);
});

test('a notice says what keeps the box: using it, or where its reservation has expired, extending that', () => {
	const since = new Date('2026-11-20T09:00:00Z');
	const name = 'alice-train';
	assert.match(noticeText({name}, {reason: 'it has been idle', since, expired: false}, expired), /To keep it, use it$/);
	assert.match(
		noticeText({name}, {reason: 'its reservation has expired', since, expired: true}, expired),
		/To keep it: gpubox extend alice-train 4h$/,
	);
});
