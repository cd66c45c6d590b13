import assert from 'node:assert/strict';
import {
	chmodSync,
	existsSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import fc from 'fast-check';
import {Failure} from '../../../source/base/failure.ts';
import {label, portLabel} from '../../../source/box/box.ts';
import {writeRecord} from '../../../source/box/record.ts';
import {writeSshFiles} from '../../../source/box/ssh/login.ts';
import {findLoginKeys} from '../../../source/box/ssh/login-keys.ts';
import {syncSshFiles, trySyncSshFiles} from '../../../source/box/ssh/sync-config.ts';
import type {Container, Engine} from '../../../source/engine/engine.ts';
import type {Host, Paths} from '../../../source/host/host.ts';

const root = mkdtempSync(join(tmpdir(), 'gpubox-sync-'));
after(() => rmSync(root, {recursive: true}));

const container = (name: string, owner = 'alice'): Container => ({
	id: name,
	name: `gpubox-${name}`,
	image: 'image',
	imageId: 'sha256:0',
	state: 'exited',
	createdAt: new Date(0),
	labels: {
		[label.name]: name,
		[label.nonce]: name,
		[label.owner]: owner,
		[label.services]: 'ssh',
		[label.bind]: '127.0.0.1',
		[portLabel('ssh')]: '2222',
	},
	ports: [],
});

/** A host of which nothing is asked but its list of containers. */
function makeHost(folder: string, containers: Container[]): Host & {containers: Container[]} {
	const home = join(root, folder);
	const paths: Paths = {
		config: '',
		state: join(home, 'state'),
		home: '',
		cache: '',
		ssh: join(home, '.ssh'),
		secrets: '',
	};
	const host = {
		containers,
		engine: {address: 'unix:///e', local: true, listContainers: async () => host.containers} as unknown as Engine,
		person: {name: 'alice', uid: 1, gid: 1},
		paths,
		demo: false,
	} as Host & {containers: Container[]};
	for (const {id, labels} of containers) {
		const folder = `${labels[label.name]}~1`;
		mkdirSync(join(paths.state, folder, 'files/ssh'), {recursive: true});
		writeSshFiles(
			{name: folder},
			{authorized: [], identityFiles: [], only: false, agentKeys: []},
			(file, content, mode) => writeFileSync(join(paths.state, folder, file), content, {mode}),
		);
		if (labels[label.owner] === 'alice') {
			const record = {engine: host.engine.address, project: '/p', nonce: id, labels, container: id};
			writeRecord(paths, folder, record);
		}
	}

	return host;
}

describe("a person's ssh settings", () => {
	test('are made where there are none, and removed without a trace', async () => {
		const host = makeHost('new', [container('a')]);
		await syncSshFiles(host);
		const files = ['config', 'gpubox.config', 'gpubox_known_hosts'];
		assert.deepEqual(readdirSync(host.paths.ssh).sort(), files);
		for (const file of files) {
			assert.equal(statSync(join(host.paths.ssh, file)).mode & 0o777, 0o600);
		}

		host.containers = [];
		await syncSshFiles(host);
		assert.deepEqual(readdirSync(host.paths.ssh), []);
	});

	test('that are a link into dotfiles stay one, with the mode they had and a copy beside them', async () => {
		const host = makeHost('linked', [container('a')]);
		const dotfile = join(root, 'linked', 'dotfiles', 'ssh-config');
		mkdirSync(join(root, 'linked', 'dotfiles'));
		mkdirSync(host.paths.ssh);
		writeFileSync(dotfile, 'Host *\n\tCompression yes\n', {mode: 0o640});
		chmodSync(dotfile, 0o664);
		symlinkSync(dotfile, join(host.paths.ssh, 'config'));
		await syncSshFiles(host);
		assert.ok(lstatSync(join(host.paths.ssh, 'config')).isSymbolicLink());
		assert.equal(readFileSync(dotfile, 'utf8'), 'Include gpubox.config\nHost *\n\tCompression yes\n');
		assert.equal(statSync(dotfile).mode & 0o777, 0o664);
		assert.equal(readFileSync(`${dotfile}.before-gpubox`, 'utf8'), 'Host *\n\tCompression yes\n');

		host.containers = [];
		await syncSshFiles(host);
		assert.equal(readFileSync(dotfile, 'utf8'), 'Host *\n\tCompression yes\n');
		assert.ok(!existsSync(`${dotfile}.before-gpubox`));
	});

	test('come back byte for byte, whatever bytes are in them', async () => {
		const pieces = [
			'# J\xFCrgen, in Latin-1',
			'# \xC3\xBC in UTF-8',
			'Host a\r',
			'\tPort 22 # \xE2\x80\xA8Include gpubox.config',
			'Include gpubox-config',
			'# \rInclude gpubox.config',
			'\xFF\xFE\0',
			'',
		].map((line) => Buffer.from(line, 'latin1'));
		const config = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.uint8Array({maxLength: 20}).map(Buffer.from)), {
			minLength: 1,
			maxLength: 5,
		});
		let round = 0;
		await fc.assert(
			fc.asyncProperty(config, fc.constantFrom('\n', '\r\n'), async (lines, end) => {
				const text = Buffer.from(lines.map((line) => line.toString('latin1')).join(end), 'latin1');
				fc.pre(
					text.length > 0 && !/^\s*include\s+gpubox\.config/im.test(text.toString('latin1').replaceAll('\r', '.')),
				);
				const host = makeHost(`bytes-${round++}`, [container('a')]);
				const file = join(host.paths.ssh, 'config');
				mkdirSync(host.paths.ssh);
				writeFileSync(file, text);
				await syncSshFiles(host);
				assert.deepEqual(readFileSync(file), Buffer.concat([Buffer.from('Include gpubox.config\n'), text]));
				host.containers = [];
				await syncSshFiles(host);
				assert.deepEqual(readFileSync(file), text);
				assert.deepEqual(readdirSync(host.paths.ssh), ['config']);
			}),
			{
				numRuns: 60,
				examples: [
					[pieces, '\n'],
					[pieces, '\r\n'],
				],
			},
		);
	});

	test('that are a link to a file that is not there stay a link, and gpubox says so', async () => {
		const host = makeHost('dangling', [container('a')]);
		mkdirSync(host.paths.ssh);
		symlinkSync('../dotfiles/ssh/config', join(host.paths.ssh, 'config'));
		const note = await syncSshFiles(host);
		assert.match(
			note?.message ?? '',
			/config is a link to .*\/dangling\/dotfiles\/ssh\/config, which does not exist\.$/,
		);
		assert.match(note?.fix ?? '', /Include gpubox\.config/);
		assert.ok(lstatSync(join(host.paths.ssh, 'config')).isSymbolicLink());
		assert.deepEqual(readdirSync(host.paths.ssh).sort(), ['config', 'gpubox.config', 'gpubox_known_hosts']);

		// The dotfiles arrive, with the line.
		mkdirSync(join(root, 'dangling', 'dotfiles/ssh'), {recursive: true});
		writeFileSync(join(root, 'dangling', 'dotfiles/ssh/config'), 'Include ~/.ssh/gpubox.config\n');
		assert.equal(await syncSshFiles(host), undefined);

		rmSync(join(root, 'dangling', 'dotfiles'), {recursive: true});
		host.containers = [];
		assert.equal(await syncSshFiles(host), undefined, 'no box, nothing to say');
		assert.deepEqual(readdirSync(host.paths.ssh), ['config']);
	});

	test('that cannot be read or written cost only the name', async () => {
		const host = makeHost('folder', [container('a')]);
		mkdirSync(join(host.paths.ssh, 'config'), {recursive: true});
		const note = await syncSshFiles(host);
		assert.match(note?.message ?? '', /config is a folder, so ssh does not know the boxes' names\.$/);
		assert.match(note?.fix ?? '', /^Move it away: mv .*gpubox ssh BOX$/);
		assert.match(readFileSync(join(host.paths.ssh, 'gpubox.config'), 'utf8'), /Host a /);
	});

	test('in a place that is not a folder: told, and nothing else is affected', async () => {
		const host = makeHost('file', [container('a')]);
		rmSync(host.paths.ssh, {recursive: true, force: true});
		writeFileSync(host.paths.ssh, '');
		await assert.rejects(syncSshFiles(host), (error) => {
			assert.ok(error instanceof Failure);
			assert.match(error.message, / is not a folder\.$/);
			assert.match(error.fix ?? '', /^Move it away: mv /);
			return true;
		});
		const note = await trySyncSshFiles(host);
		assert.match(note?.message ?? '', / is not a folder\.$/);
		await assert.rejects(findLoginKeys(host.paths.ssh, undefined), (error) => {
			assert.ok(error instanceof Failure);
			assert.match(error.message, /^A box with SSH needs a key: .* is not a folder\.$/);
			return true;
		});
	});

	test("know only the person's own boxes", async () => {
		const host = makeHost('own', [container('mine'), container('theirs', 'bob')]);
		await syncSshFiles(host);
		const hosts = readFileSync(join(host.paths.ssh, 'gpubox.config'), 'utf8');
		assert.match(hosts, /Host mine /);
		assert.doesNotMatch(hosts, /theirs/);
	});

	test('know no container that only says it is theirs, and nothing that ssh could not read', async () => {
		const host = makeHost('faked', [container('mine'), container('odd')]);
		const faked = {...container('mine'), id: 'faked', name: 'gpubox-mine-too'};
		host.containers.push(faked);
		const record = join(host.paths.state, 'odd~1', 'origin.json');
		const {labels, ...rest} = JSON.parse(readFileSync(record, 'utf8')) as {labels: Record<string, string>};
		writeFileSync(record, JSON.stringify({...rest, labels: {...labels, [label.user]: 'a b'}}));
		await syncSshFiles(host);
		const hosts = readFileSync(join(host.paths.ssh, 'gpubox.config'), 'utf8');
		assert.deepEqual(hosts.match(/^Host .*/gm), ['Host mine gpubox-mine']);
	});

	test('take in a box that comes while they are written', async () => {
		const host = makeHost('late', [container('first'), container('second')]);
		const all = host.containers;
		let asked = 0;
		host.engine = {
			...host.engine,
			listContainers: async () => (asked++ === 0 ? all.slice(0, 1) : all),
		} as Engine;
		await syncSshFiles(host);
		assert.match(readFileSync(join(host.paths.ssh, 'gpubox.config'), 'utf8'), /Host second /);
	});

	test('are not touched when there is nothing to change', async () => {
		const host = makeHost('same', [container('a')]);
		await syncSshFiles(host);
		const before = readdirSync(host.paths.ssh).map((file) => statSync(join(host.paths.ssh, file)).ino);
		await syncSshFiles(host);
		assert.deepEqual(
			readdirSync(host.paths.ssh).map((file) => statSync(join(host.paths.ssh, file)).ino),
			before,
		);
	});
});
