/**
Builds the last commit twice, in clones of different names with different time zones, languages and file modes, and compares the two
packages byte by byte; with --executable the executables too.

	npm run reproducible
	npm run reproducible -- --executable

The packages of the clones are those of this one: `npm ci` installs what package-lock.json has, checked against its digests.
*/
import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdir, mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs, promisify} from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

const surroundings = [
	{folder: 'one', environment: {TZ: 'UTC', LC_ALL: 'C'}, umask: '022'},
	{folder: 'another one/below', environment: {TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8', LANG: 'de_DE.UTF-8'}, umask: '077'},
];

/** Digests of what was made, by file: a folder's files each, and the archive of the package. */
type Made = Map<string, string>;

const {values: options} = parseArgs({options: {executable: {type: 'boolean', default: false}}});
// On the disk of node_modules, where files can be linked.
await mkdir(join(root, '.cache'), {recursive: true});
const work = await mkdtemp(join(root, '.cache/reproducible-'));
try {
	const made = [];
	for (const each of surroundings) {
		made.push(await makeIn(each));
	}

	const [one = new Map(), another = new Map()] = made;
	const files = [...new Set([...one.keys(), ...another.keys()])];
	const different = files.filter((file) => one.get(file) !== another.get(file));
	if (different.length > 0) {
		console.log(`✖ Two builds of one commit differ in:\n${different.map((file) => `  ${file}`).join('\n')}`);
		process.exitCode = 1;
	} else {
		console.log(`✔ Two builds of one commit are the same: ${files.length} files`);
		for (const file of files.filter((each) => !each.startsWith('dist/'))) {
			console.log(`  sha256 ${one.get(file)}  ${file}`);
		}
	}
} finally {
	await rm(work, {recursive: true, force: true});
}

async function makeIn({folder, environment, umask}: (typeof surroundings)[number]): Promise<Made> {
	const clone = join(work, folder);
	// Inside a hook these name another repository.
	const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
	const env = {...Object.fromEntries(inherited), ...environment};
	const inFolder = (cwd: string, ...words: string[]) =>
		run('sh', ['-c', `umask ${umask} && exec "$@"`, 'sh', ...words], {cwd, env, maxBuffer: 2 ** 26});
	await mkdir(dirname(clone), {recursive: true});
	await inFolder(work, 'git', 'clone', '--quiet', root, clone);
	await linkPackages(join(root, 'node_modules'), join(clone, 'node_modules'));
	await inFolder(clone, 'npm', 'pack', '--silent', '--offline', '--cache', join(work, 'npm'));
	const folders = ['dist'];
	if (options.executable) {
		await inFolder(clone, process.execPath, '--import=tsx', 'tools/executable.ts');
		folders.push('dist-bin');
	}

	const [archive = ''] = (await readdir(clone)).filter((name) => name.endsWith('.tgz'));
	const files = [archive];
	for (const each of folders) {
		const entries = await readdir(join(clone, each), {recursive: true, withFileTypes: true});
		files.push(
			...entries.filter((entry) => entry.isFile()).map((entry) => relative(clone, join(entry.parentPath, entry.name))),
		);
	}

	const made: Made = new Map();
	for (const file of files.sort()) {
		made.set(
			file,
			createHash('sha256')
				.update(await readFile(join(clone, file)))
				.digest('hex'),
		);
	}

	return made;
}

/** Half a gigabyte need not be copied; files of another user may not be linked. */
async function linkPackages(from: string, to: string): Promise<void> {
	await run('cp', ['--archive', '--link', from, to]).catch(() => run('cp', ['--archive', '--force', from, to]));
}
