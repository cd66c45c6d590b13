/**
What `gpubox --version` says of a build, so that a report of a fault names the very program: the commit, and a digest of all that the
build reads. No time of the day is in it: the same clone gives the same bytes again.
*/
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {globSync, readFileSync} from 'node:fs';
import {join, relative} from 'node:path';

/** What the program is made from; documents and tests are not in it. */
const parts = ['source/**', 'templates/**', 'tools/**', 'man/**', 'package.json', 'package-lock.json', 'LICENSE'];

/**
@param {string} root gpubox's own folder
@returns {{commit?: string, date?: string, time?: string, changed: boolean, digest: string}} the commit in full, its day and its time
in UTC, undefined where git does not say; whether files of the program differ from it; 12 hexadecimal digits of their digest
*/
export function buildFacts(root) {
	// Not that of a repository around an unpacked archive, of which this is only a folder.
	const isClone = git(root, ['rev-parse', '--show-prefix'])?.trim() === '';
	const [commit, seconds] = (isClone && git(root, ['log', '-1', '--format=%H %ct'])?.trim().split(' ')) || [];
	const time = seconds === undefined ? undefined : new Date(Number(seconds) * 1000).toISOString();
	// A commit that does not hold what was built is said to be another, and so is one whose state git does not tell.
	const changes = commit === undefined ? '' : git(root, ['status', '--porcelain', '--', ...parts.map(folderOf)]);
	return {commit, date: time?.slice(0, 10), time, changed: changes !== '', digest: digestOf(root)};
}

function folderOf(pattern) {
	return pattern.replace('/**', '');
}

function digestOf(root) {
	const files = globSync(parts, {cwd: root, withFileTypes: true})
		.filter((entry) => entry.isFile())
		.map((entry) => relative(root, join(entry.parentPath, entry.name)))
		.filter((file) => !file.includes('node_modules/'))
		.sort();
	const digest = createHash('sha256');
	for (const file of files) {
		const content = readFileSync(join(root, file));
		digest.update(`${file}\0${content.length}\0`).update(content);
	}

	return digest.digest('hex').slice(0, 12);
}

/** @returns what git printed, undefined where it failed or is not installed */
function git(root, words) {
	// Inside a hook these name another repository than the one of this folder.
	const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
	const {status, stdout} = spawnSync('git', words, {cwd: root, env, encoding: 'utf8'});
	return status === 0 ? stdout : undefined;
}
