import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {findConfigFault} from '../../source/engine/config-file.ts';

describe("Docker's own configuration", () => {
	let home: string;
	let file: string;
	before(() => {
		home = mkdtempSync(join(tmpdir(), 'gpubox-docker-'));
		file = join(home, '.docker/config.json');
	});
	after(() => rmSync(home, {recursive: true}));

	test('may be missing', () => {
		assert.equal(findConfigFault({}, home), undefined);
		mkdirSync(join(home, '.docker'));
		assert.equal(findConfigFault({DOCKER_CONFIG: ''}, home), undefined);
	});

	for (const [content, why] of [
		['{"auths": {', /because it is not JSON: its logins, proxies and current context do not count\.$/],
		['["auths"]', /because it is not a JSON object/],
		['', /because it is not JSON/],
	] as const) {
		test(`that holds ${JSON.stringify(content)} is told, with its path`, () => {
			writeFileSync(file, content);
			const fault = findConfigFault({}, home);
			assert.ok(fault);
			assert.ok(fault.message.startsWith(`${file} is ignored`));
			assert.match(fault.message, why);
			assert.doesNotMatch(fault.message, /\n/);
		});
	}

	test('that can be read is not told', () => {
		writeFileSync(file, '{"auths": {}, "whatever": 3}');
		assert.equal(findConfigFault({}, home), undefined);
	});

	test('that is a folder is told', () => {
		mkdirSync(join(home, 'other/config.json'), {recursive: true});
		assert.match(findConfigFault({DOCKER_CONFIG: join(home, 'other')}, home)?.message ?? '', /cannot be read/);
	});
});
