import assert from 'node:assert/strict';
import {chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, test} from 'node:test';
import {readHostWide} from '../../source/settings/host-wide.ts';

let folder: string;
let file: string;
beforeEach(() => {
	folder = realpathSync(mkdtempSync(join(tmpdir(), 'gpubox-host-')));
	file = join(folder, 'gpubox/config.json');
	mkdirSync(join(folder, 'gpubox'), {mode: 0o755});
});
afterEach(() => rmSync(folder, {recursive: true}));

const put = (content: unknown) => writeFileSync(file, JSON.stringify(content), {mode: 0o644});

describe("the host's config", {skip: process.getuid?.() === 0 ? false : 'only root can make a file of root'}, () => {
	test('has defaults in the shape of the personal one, with their place', async () => {
		put({
			image: 'registry.example/base:1',
			limits: {memory: '64g'},
			build: {pipIndexUrl: 'https://pypi.example/simple'},
		});
		const settings = await readHostWide(file);
		assert.deepEqual(
			settings.map(({key, origin}) => [key, origin.place, origin.where]),
			[
				['image', 'host', `${file}:1`],
				['limits.memory', 'host', `${file}:1`],
				['build.pipIndexUrl', 'host', `${file}:1`],
			],
		);
	});

	test('may be a link of root, for instance into a store', async () => {
		put({gpus: 2});
		const link = join(folder, 'link.json');
		symlinkSync(file, link);
		assert.equal((await readHostWide(link)).length, 1);
	});

	test('does not count where another user could have written it', async () => {
		put({gpus: 2});
		const refused = (path: string, message: RegExp, fix: string) =>
			assert.rejects(readHostWide(path), {message, fix: `The administrator of this host can repair that: sudo ${fix}`});
		chmodSync(file, 0o664);
		await refused(file, /config\.json is ignored: others can write to .*config\.json\.$/, `chmod go-w ${file}`);
		chmodSync(file, 0o644);
		chownSync(file, 65_534, 0);
		await refused(file, /is ignored: .*config\.json does not belong to root\.$/, `chown -h root: ${file}`);
		chownSync(file, 0, 0);
		chmodSync(join(folder, 'gpubox'), 0o777);
		await refused(file, /is ignored: others can write to .*gpubox\.$/, `chmod go-w ${join(folder, 'gpubox')}`);
		chmodSync(join(folder, 'gpubox'), 0o1777);
		assert.equal((await readHostWide(file)).length, 1);
		chmodSync(join(folder, 'gpubox'), 0o755);
		const elsewhere = join(folder, 'elsewhere');
		mkdirSync(elsewhere);
		chownSync(elsewhere, 65_534, 0);
		symlinkSync(file, join(elsewhere, 'link.json'));
		await refused(
			join(elsewhere, 'link.json'),
			/is ignored: .*elsewhere does not belong to root\.$/,
			`chown -h root: ${elsewhere}`,
		);
	});

	test('with a mistake does not count either, and says where', async () => {
		put({gpu: 2, image: 5});
		await assert.rejects(readHostWide(file), /is ignored: .*config\.json:1:2: Unknown setting "gpu"\./);
		put({postCreate: 'true'});
		await assert.rejects(readHostWide(file), /"postCreate" is a project setting\.$/);
		writeFileSync(file, '{');
		await assert.rejects(readHostWide(file), /is ignored: /);
	});
});
