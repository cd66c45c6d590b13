import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {readAudit} from '../../tools/audit.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'gpubox-release-'));
after(() => rmSync(scratch, {recursive: true}));

const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {version: string};
const hasGit = spawnSync('git', ['--version']).status === 0;
const git = (folder: string, ...words: string[]) =>
	execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false', ...words], {
		cwd: folder,
		encoding: 'utf8',
		env: {...process.env, GIT_COMMITTER_DATE: '2026-02-03T23:30:00-05:00'},
	}).trim();

type Facts = {commit?: string; date?: string; time?: string; changed: boolean; digest: string};
const {buildFacts} = (await import(pathToFileURL(join(root, 'tools/build-facts.mjs')).href)) as {
	buildFacts: (root: string) => Facts;
};

function makeProject(): string {
	const folder = mkdtempSync(join(scratch, 'project-'));
	mkdirSync(join(folder, 'source'));
	writeFileSync(join(folder, 'source/a.ts'), 'a');
	writeFileSync(join(folder, 'notes.txt'), 'of no matter');
	return folder;
}

describe('what a build says about itself', () => {
	test('the commit, its day in UTC, and no change', {skip: !hasGit}, () => {
		const folder = makeProject();
		git(folder, 'init', '--quiet');
		git(folder, 'add', '.');
		git(folder, 'commit', '--quiet', '-m', 'First');
		const facts = buildFacts(folder);
		assert.equal(facts.commit, git(folder, 'rev-parse', 'HEAD'));
		assert.deepEqual([facts.date, facts.time, facts.changed], ['2026-02-04', '2026-02-04T04:30:00.000Z', false]);

		writeFileSync(join(folder, 'notes.txt'), 'not in the program');
		assert.deepEqual(buildFacts(folder), facts);
		writeFileSync(join(folder, 'source/b.ts'), 'b');
		assert.equal(buildFacts(folder).changed, true);
		assert.notEqual(buildFacts(folder).digest, facts.digest);
	});

	test('no commit without git, nor in a folder of another repository', {skip: !hasGit}, () => {
		const folder = makeProject();
		const {commit, date, changed, digest} = buildFacts(folder);
		assert.deepEqual([commit, date, changed], [undefined, undefined, false]);
		assert.match(digest, /^[0-9a-f]{12}$/);

		const around = mkdtempSync(join(scratch, 'around-'));
		git(around, 'init', '--quiet');
		cpSync(folder, join(around, 'inner'), {recursive: true});
		git(around, 'add', '.');
		git(around, 'commit', '--quiet', '-m', 'Of something else');
		assert.deepEqual(buildFacts(join(around, 'inner')), {commit, date, time: undefined, changed, digest});
	});

	test('the digest depends on names and contents, not on where one ends', () => {
		const digests = [{'a.ts': 'bc'}, {'ab.ts': 'c'}, {'a.ts': 'b', 'b.ts': 'c'}].map((files) => {
			const folder = makeProject();
			for (const [name, content] of Object.entries(files)) {
				writeFileSync(join(folder, 'source', name), content);
			}

			return buildFacts(folder).digest;
		});
		assert.equal(new Set(digests).size, 3);
	});
});

test('the newest version of the changelog is the one of package.json, and so is a tag of this commit', () => {
	const [, newest] = /^## (\S+)/m.exec(readFileSync(join(root, 'changelog.md'), 'utf8')) ?? [];
	assert.equal(newest, version);
	const {status, stdout} = spawnSync('git', ['tag', '--points-at', 'HEAD', '--list', 'v*'], {
		cwd: root,
		encoding: 'utf8',
	});
	if (status === 0 && stdout.trim() !== '') {
		assert.ok(stdout.split('\n').includes(`v${version}`), `the tag of this commit is ${stdout.trim()}`);
	}
});

test('two builds of a commit are the same, wherever and with whatever settings they are made', {
	skip: spawnSync('git', ['rev-parse', 'HEAD'], {cwd: root}).status !== 0 && 'this is not a clone',
	timeout: 240_000,
}, () => {
	const made = spawnSync(process.execPath, ['--import=tsx', join(root, 'tools/reproducible.ts')], {
		cwd: root,
		encoding: 'utf8',
	});
	assert.match(
		made.stdout,
		/^✔ Two builds of one commit are the same: \d{2,} files\n {2}sha256 [0-9a-f]{64} {2}gpubox-/,
	);
	assert.deepEqual([made.stderr, made.status], ['', 0]);
});

describe('npm audit', () => {
	const finding = (name: string, severity: string) => ({
		name,
		severity,
		range: '<2.0.0',
		via: [{title: `A hole in ${name}`}, 'another'],
	});
	const answer = (...found: Array<ReturnType<typeof finding>>) =>
		JSON.stringify({
			auditReportVersion: 2,
			vulnerabilities: Object.fromEntries(found.map((each) => [each.name, each])),
		});

	test('a hole in the bundle counts from "high" on, others are told', () => {
		const text = answer(finding('ink', 'high'), finding('react', 'moderate'), finding('knip', 'critical'));
		assert.deepEqual(readAudit(text, new Set(['ink', 'react'])), {
			bundled: ['ink <2.0.0 (high): A hole in ink'],
			others: ['react <2.0.0 (moderate): A hole in react', 'knip <2.0.0 (critical): A hole in knip'],
		});
	});

	test('no hole is no finding', () => {
		assert.deepEqual(readAudit(answer(), new Set()), {bundled: [], others: []});
	});

	test('a registry without an answer is named, never "no holes"', () => {
		const refused = JSON.stringify({message: '405 Method Not Allowed - POST https://registry.example\nmore'});
		const offline = JSON.stringify({error: {code: 'ENOTFOUND', summary: 'getaddrinfo ENOTFOUND registry.example'}});
		for (const [text, said] of [
			[refused, '405 Method Not Allowed - POST https://registry.example'],
			[offline, 'getaddrinfo ENOTFOUND registry.example'],
			['<html>', '<html>'],
			['null', 'null'],
			['', 'npm audit printed nothing'],
		] as const) {
			assert.deepEqual(readAudit(text, new Set()), {unanswered: said});
		}
	});
});
