/**
Bundles gpubox into dist/. A bundle starts twice as fast as the same program read from node_modules file by file, and its
chunks keep every verb from paying for what only another one needs.
*/
import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const {version} = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/**
Parts of libraries that gpubox never calls but that would be loaded and run at every start: dockerode's BuildKit sessions
(gRPC, protobuf) and packing of folders, docker-modem's own SSH client (gpubox goes through the system's `ssh`, which knows the person's keys and
config), and Ink's devtools.
*/
const unused = {
	name: 'unused',
	setup(bundler) {
		const filter =
			/^(@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|tar-fs|@balena\/dockerignore|ssh2|react-devtools-core)$/;
		bundler.onResolve({filter}, ({path}) => ({path, namespace: 'unused'}));
		bundler.onLoad({filter: /.*/, namespace: 'unused'}, () => ({contents: 'module.exports = {};'}));
	},
};

/** Libraries that a thin stand-in of ours calls only when it has to; its own import of `real-NAME` gets the library. */
const lazy = {
	name: 'lazy',
	setup(bundler) {
		bundler.onResolve({filter: /^(string-width|cli-truncate)$/}, ({path}) => ({
			path: `${root}tools/shims/${path}.mjs`,
		}));
		bundler.onResolve({filter: /^real-(string-width|cli-truncate)$/}, ({path}) =>
			bundler.resolve(`./node_modules/${path.slice('real-'.length)}/index.js`, {
				resolveDir: root,
				kind: 'require-call',
			}),
		);
	},
};

/**
Yoga carries its WebAssembly in itself as text, yet asks for it by `fetch`, which loads all of Node's HTTP client at the start of
every session. Its own way for environments without `fetch` does the same at once.
*/
const yogaWithoutFetch = {
	name: 'yoga-without-fetch',
	setup(bundler) {
		bundler.onLoad({filter: /yoga-wasm-base64-esm\.js$/}, ({path}) => {
			const code = readFileSync(path, 'utf8');
			const contents = code.replace('"function"!=typeof fetch', 'true');
			if (contents === code) {
				throw new Error('yoga-layout loads its WebAssembly in another way now: look whether this is still needed');
			}

			return {contents};
		});
	},
};

rmSync(`${root}dist`, {recursive: true, force: true});

const result = await build({
	absWorkingDir: root,
	entryPoints: {cli: 'source/cli.ts', 'demo/nvidia-smi': 'source/demo/nvidia-smi.ts'},
	outdir: 'dist',
	bundle: true,
	splitting: true,
	format: 'esm',
	platform: 'node',
	target: 'node22',
	minify: true,
	metafile: true,
	legalComments: 'linked',
	logLevel: 'warning',
	plugins: [unused, lazy, yogaWithoutFetch],
	define: {
		'process.env.NODE_ENV': '"production"',
		'process.env.DEV': '"false"',
		'process.env.GPUBOX_VERSION': JSON.stringify(version),
	},
	banner: {
		// dockerode and its kin are CommonJS and ask for Node's built-ins by `require`.
		js: "import {createRequire as __createRequire} from 'node:module';const require=__createRequire(import.meta.url);",
	},
});

if (process.argv.includes('--meta')) {
	writeFileSync(`${root}dist/meta.json`, JSON.stringify(result.metafile));
}
