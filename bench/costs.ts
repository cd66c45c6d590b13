import {spawn} from 'node:child_process';
import {mkdtemp, readdir, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {serveEngine} from './stand-in/engine.ts';

/** What a call costs, counted and not timed: the same on a slow machine, and on one that is busy. */
export type Costs = {
	/** Modules and bindings of Node's own that were loaded. */
	nodeModules: number;
	/** Files of the bundle that were loaded. */
	chunks: number;
	/** Bytes of these. */
	chunkBytes: number;
	/** Requests to the engine. */
	requests: number;
};

const root = fileURLToPath(new URL('..', import.meta.url));

/** Written by the process itself when it ends: what it had loaded. */
const counter = `process.on('exit', () => require('node:fs').writeFileSync(process.env.COUNTS, JSON.stringify({
	nodeModules: process.moduleLoadList.length,
	chunks: opened,
})));
const opened = [];
const fs = require('node:fs');
const read = fs.readFileSync;
fs.readFileSync = function (path, ...rest) {
	if (String(path).includes('/dist/')) opened.push(String(path));
	return read.call(this, path, ...rest);
};
require('node:module').syncBuiltinESMExports();
`;

/** Runs a call of the built gpubox against a stand-in engine with 20 boxes, without a GPU driver. */
export async function costsOf(words: readonly string[]): Promise<Costs> {
	const folder = await mkdtemp(join(tmpdir(), 'gpubox-costs-'));
	const socket = join(folder, 'engine.sock');
	const engine = await serveEngine(socket, {containers: 20});
	try {
		const counts = join(folder, 'counts.json');
		await writeFile(join(folder, 'counter.cjs'), counter);
		const child = spawn(
			process.execPath,
			['--require', join(folder, 'counter.cjs'), join(root, 'dist/cli.js'), ...words],
			{
				cwd: folder,
				env: {HOME: folder, PATH: folder, DOCKER_HOST: `unix://${socket}`, COUNTS: counts, NODE_OPTIONS: ''},
				stdio: 'ignore',
			},
		);
		await new Promise((resolve, reject) => {
			child.once('error', reject);
			child.once('close', resolve);
		});
		const {default: found} = (await import(counts, {with: {type: 'json'}})) as {
			default: {nodeModules: number; chunks: string[]};
		};
		const files = [...new Set(found.chunks.filter((path) => path.endsWith('.js')))];
		const sizes = await Promise.all(files.map(async (path) => (await stat(path)).size));
		return {
			nodeModules: found.nodeModules,
			chunks: files.length,
			chunkBytes: sizes.reduce((sum, size) => sum + size, 0),
			requests: engine.requests.length,
		};
	} finally {
		engine.close();
		await rm(folder, {recursive: true, force: true});
	}
}

/** Bytes of all of the bundle's code. */
export async function bundleBytes(): Promise<number> {
	const folder = join(root, 'dist');
	const names = (await readdir(folder, {recursive: true})).filter((name) => name.endsWith('.js'));
	const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
	return sizes.reduce((sum, size) => sum + size, 0);
}
