import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, type TestContext, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {checkCommits, subjectFaults} from '../../tools/commit-subjects.ts';

describe('the subject of a commit', () => {
	for (const subject of [
		'Unify shell quoting in text/shell-quote.ts',
		'Queue restarted boxes for GPUs',
		'Letter-space the title of a pane',
		`Add ${'x'.repeat(68)}`,
		'Name what `up` prints …',
	]) {
		test(`${subject} is fine`, () => {
			assert.deepEqual(subjectFaults(subject), []);
		});
	}

	for (const [subject, fault] of [
		[`Add ${'x'.repeat(69)}`, /^73 characters, at most 72$/],
		['Add a flag.', /ends with a period/],
		['add a flag', /capital letter/],
		['bench: wait for "of 20" only', /capital letter/],
		['', /capital letter/],
		['Let a stopped box queue', /begins with "Let"/],
		['Take: several examples', /begins with "Take"/],
	] as const) {
		test(`${JSON.stringify(subject)} is refused`, () => {
			const faults = subjectFaults(subject);
			assert.equal(faults.length, 1);
			assert.match(faults[0] ?? '', fault);
		});
	}

	test('that is wrong in several ways names each', () => {
		assert.equal(subjectFaults(`let ${'x'.repeat(72)}.`).length, 3);
	});
});

const hasGit = spawnSync('git', ['--version']).status === 0;

describe('the commits that are checked', {skip: hasGit ? false : 'git is not installed'}, () => {
	// Below a git hook, variables such as GIT_DIR name the repository of the hook.
	const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
	const environment = {
		...Object.fromEntries(inherited),
		GIT_CONFIG_GLOBAL: '/dev/null',
		GIT_CONFIG_SYSTEM: '/dev/null',
	};

	function inFolder(t: TestContext): string {
		const folder = mkdtempSync(join(tmpdir(), 'gpubox-commits-'));
		t.after(() => rmSync(folder, {recursive: true}));
		return folder;
	}

	function git(folder: string, ...words: string[]): void {
		execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...words], {
			cwd: folder,
			env: environment,
			stdio: 'ignore',
		});
	}

	/** A repository with one commit before the rule, the rule, and two after it. */
	function makeRepository(t: TestContext): string {
		const folder = inFolder(t);
		git(folder, 'init');
		git(folder, 'commit', '--allow-empty', '--message', 'let old history be.');
		mkdirSync(join(folder, 'tools'));
		writeFileSync(join(folder, 'tools/commit-subjects.ts'), '');
		git(folder, 'add', '.');
		git(folder, 'commit', '--message', 'Check commit subjects');
		git(folder, 'commit', '--allow-empty', '--message', 'Add a flag\n\nkeep this line.');
		git(folder, 'commit', '--allow-empty', '--message', 'Tell more');
		return folder;
	}

	test('are those after the rule', (t) => {
		const checked = checkCommits(makeRepository(t));
		assert.ok('count' in checked, JSON.stringify(checked));
		assert.equal(checked.count, 2);
		assert.equal(checked.faults.length, 1);
		assert.match(checked.faults[0] ?? '', /^[\da-f]{10} Tell more\n {2}→ begins with "Tell"/);
	});

	test('of a shallow clone are those that it has', (t) => {
		const folder = inFolder(t);
		git(folder, 'clone', '--depth=2', pathToFileURL(makeRepository(t)).href, 'clone');
		const checked = checkCommits(join(folder, 'clone'));
		assert.ok('count' in checked, JSON.stringify(checked));
		assert.equal(checked.count, 1);
		assert.equal(checked.faults.length, 1);
	});

	test('are none in a folder without git, in a folder of another repository, and before the rule', (t) => {
		const folder = inFolder(t);
		assert.match(JSON.stringify(checkCommits(folder)), /skipped.*not (?:a git repository|the root)/);
		git(folder, 'init');
		git(folder, 'commit', '--allow-empty', '--message', 'first');
		assert.match(JSON.stringify(checkCommits(folder)), /skipped.*no commit has tools/);
		mkdirSync(join(folder, 'inner'));
		assert.match(JSON.stringify(checkCommits(join(folder, 'inner'))), /skipped.*not the root/);
	});
});
