/**
Makes gpubox and Node one file, for machines without Node: dist-bin/gpubox-PLATFORM, from dist/ and templates/.

Beside it are written the licenses and the bill of materials of all that is in it, Node included.

	npm run executable                              for this machine
	npm run executable -- --platform linux-arm64    for another
*/
import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, globSync} from 'node:fs';
import {chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {parseArgs, promisify} from 'node:util';
import {build} from 'rolldown';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

/** What Node looks for in itself. */
const resource = 'NODE_SEA_BLOB';
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const {values: options} = parseArgs({
	options: {platform: {type: 'string', default: `${process.platform}-${process.arch}`}},
});

const work = await mkdtemp(join(tmpdir(), 'gpubox-executable-'));
try {
	const executable = await make(options.platform);
	const {size} = await stat(executable);
	console.log(`${executable} (${Math.round(size / 1024 ** 2)} MiB)`);
} finally {
	await rm(work, {recursive: true, force: true});
}

async function make(platform: string): Promise<string> {
	const {node, license, version} = await nodeFor(platform);
	const notices = `${await readFile(join(root, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8')}\n${'-'.repeat(80)}\nNode.js v${version}\n\n${await readFile(license, 'utf8')}`;
	const noticesFile = join(work, 'notices');
	await writeFile(noticesFile, notices);
	// Its path becomes a part of the executable.
	const main = 'main.cjs';
	await bundleMain(join(work, main));
	const config = join(work, 'config.json');
	const blob = join(work, 'blob');
	await writeFile(
		config,
		JSON.stringify({
			main,
			output: blob,
			disableExperimentalSEAWarning: true,
			assets: Object.fromEntries([
				['dist/THIRD-PARTY-NOTICES.txt', noticesFile],
				...globSync(['dist/**/*.js', 'templates/**/*'], {cwd: root, withFileTypes: true})
					.filter((entry) => entry.isFile())
					.map((entry) => join(entry.parentPath, entry.name))
					.sort()
					.map((path) => [path.slice(root.length), path]),
			]),
		}),
	);
	await run(process.execPath, ['--experimental-sea-config', config], {cwd: work});

	const folder = join(root, 'dist-bin');
	const executable = join(folder, `gpubox-${platform}`);
	// Whoever is running the old one keeps it.
	const unfinished = `${executable}.new`;
	await mkdir(folder, {recursive: true});
	await copyFile(node, unfinished);
	const postject = join(root, 'node_modules/postject/dist/cli.js');
	await run(process.execPath, [postject, unfinished, resource, blob, '--sentinel-fuse', fuse]);
	await chmod(unfinished, 0o755);
	await rename(unfinished, executable);
	await writeFile(`${executable}.THIRD-PARTY-NOTICES.txt`, notices);
	await writeFile(`${executable}.SBOM.cdx.json`, await sbomWith({platform, version, node}));
	return executable;
}

async function bundleMain(file: string): Promise<void> {
	const {build: id} = JSON.parse(await readFile(join(root, 'dist/package.json'), 'utf8')) as {build: string};
	await build({
		cwd: root,
		input: 'tools/executable-main.ts',
		platform: 'node',
		transform: {target: 'node22', define: {'process.env.GPUBOX_BUILD': JSON.stringify(id)}},
		output: {file, format: 'cjs', minify: true},
		logLevel: 'warn',
	});
}

/** @returns the bill of materials of the package and this Node; what the Node of another machine is made of cannot be asked here */
async function sbomWith(node: {platform: string; version: string; node: string}): Promise<string> {
	const {withNode} = (await import(pathToFileURL(join(root, 'tools/sbom.mjs')).href)) as {
		withNode: (text: string, node: {platform: string; version: string; parts: Record<string, string>}) => string;
	};
	const isOwn = node.platform === `${process.platform}-${process.arch}`;
	const parts = isOwn ? (await run(node.node, ['-p', 'JSON.stringify(process.versions)'])).stdout : '{}';
	return withNode(await readFile(join(root, 'dist/SBOM.cdx.json'), 'utf8'), {
		platform: node.platform,
		version: node.version,
		parts: JSON.parse(parts) as Record<string, string>,
	});
}

/** The Node of the lock file and its license. `npm ci` brings this machine's; that of another comes from the registry now. */
async function nodeFor(platform: string): Promise<{node: string; license: string; version: string}> {
	const name = `node-${platform}`;
	const {packages} = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
		packages: Record<string, {version: string; integrity: string}>;
	};
	const locked = packages[`node_modules/${name}`];
	if (locked === undefined) {
		throw new Error(`package-lock.json knows no Node for ${platform}.`);
	}

	const {version, integrity} = locked;
	const installed = join(root, 'node_modules', name);
	if (existsSync(installed)) {
		return {node: join(installed, 'bin/node'), license: join(installed, 'LICENSE'), version};
	}

	const {stdout} = await run('npm', ['pack', '--silent', `${name}@${version}`], {cwd: work});
	const archive = join(work, stdout.trim());
	const [algorithm = '', digest] = integrity.split(/-(.*)/s);
	const found = createHash(algorithm)
		.update(await readFile(archive))
		.digest('base64');
	if (found !== digest) {
		throw new Error(`${name}@${version} is not what package-lock.json says.`);
	}

	await run('tar', ['-xzf', archive, '-C', work, 'package/bin/node', 'package/LICENSE']);
	return {node: join(work, 'package/bin/node'), license: join(work, 'package/LICENSE'), version};
}
