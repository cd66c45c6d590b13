/**
Bundles gpubox into dist/. A bundle starts twice as fast as the same program read from node_modules file by file, and its
chunks keep every verb from paying for what only another one needs.

What is used together lies in one chunk, whoever imports it: to find and open a file takes longer than to read a little more of
another. `strictExecutionOrder` keeps a module of a chunk from running before somebody needs it.
*/
import {createHash} from 'node:crypto';
import {globSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {build} from 'rolldown';
import {parseAst} from 'rolldown/parseAst';
import {buildFacts} from './build-facts.mjs';
import {bundledPackages, noticesOf} from './notices.mjs';
import {sbomOf} from './sbom.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** `--into FOLDER`: another place than dist/, which may be in use. */
const into = process.argv.includes('--into') ? process.argv[process.argv.indexOf('--into') + 1] : `${root}dist`;
const {version} = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const facts = buildFacts(root);
const commit =
	facts.commit === undefined
		? 'unknown: built without git'
		: `${facts.commit.slice(0, 12)} of ${facts.date}${facts.changed ? ', with changes that are not committed' : ''}`;

/** What has to be replaced and was not yet: names of imports, and ends of paths. Where a library moved its files, nothing would be, without a word. */
const unmet = new Set([
	...['node:child_process', 'string-width', 'cli-truncate', 'real-string-width', 'real-cli-truncate'],
	...['/ink/build/reconciler.js', '/yoga-wasm-base64-esm.js', '/yoga-layout/dist/src/index.js'],
	...['./output.js', './sanitize-ansi.js', '/ink/build/dom.js', '/ink/build/squash-text-nodes.js'],
	...['/wrap-ansi/index.js', '/@alcalzone/ansi-tokenize/build/tokenize.js', '/ink/build/line-update.js'],
	...['/@alcalzone/ansi-tokenize/build/styledChars.js', '/commander/lib/option.js', 'exports', 'modules that run once'],
]);

function met(name) {
	for (const each of unmet) {
		if (name === each || (each.startsWith('/') && name.endsWith(each))) {
			unmet.delete(each);
		}
	}
}

/**
What gpubox never calls but would be loaded and run at every start: what commander would start verbs with that are programs of their own.
Ink's devtools are left out below, with what waits for them.
*/
const unused = {
	name: 'unused',
	resolveId: {
		filter: {id: /^node:child_process$/},
		handler(name, importer = '') {
			if (!importer.includes('/node_modules/commander/')) {
				return undefined;
			}

			met(name);
			return '\0unused';
		},
	},
	load: {
		filter: {id: /^\0unused$/},
		handler: () => ({code: 'module.exports = {};', moduleType: 'js'}),
	},
};

/** Libraries that a thin stand-in of ours calls only when it has to; its own import of `real-NAME` gets the library. */
const lazy = {
	name: 'lazy',
	resolveId: {
		filter: {id: /^(real-)?(string-width|cli-truncate)$/},
		handler(name) {
			met(name);
			return name.startsWith('real-')
				? `${root}node_modules/${name.slice('real-'.length)}/index.js`
				: `${root}tools/shims/${name}.mjs`;
		},
	},
};

/**
Node's own modules, asked for when the module that wants them runs. An `import` of one is done when its chunk is loaded, and it
reads every export to link them: that of `node:http` has a getter among them that loads all of `fetch`, longer than the rest of a start.

In gpubox's own code, functions of those that few verbs call ask for them when they are called.
*/
const seldom = [
	'node:child_process',
	'node:crypto',
	'node:fs/promises',
	'node:sea',
	'node:timers/promises',
	'node:tty',
	'node:v8',
];
const builtins = {
	name: 'builtins',
	resolveId: {
		// The runtime of the bundle needs `node:module` before anything can be asked for.
		filter: {id: /^node:(?!module$)/},
		handler: (name, importer = '') =>
			seldom.includes(name) && importer.startsWith(`${root}source/`) ? `\0seldom-${name}` : `\0${name}`,
	},
	load: {
		filter: {id: /^\0(seldom-)?node:/},
		handler(id) {
			const name = id.slice(id.indexOf('node:'));
			const own = process.getBuiltinModule(name);
			const exported = Object.keys(own).filter((key) => /^[a-z]\w*$/i.test(key) && key !== 'default');
			if (id.startsWith('\0seldom-')) {
				const functions = exported.filter((key) => typeof own[key] === 'function' && /^[a-z]/.test(key));
				const lines = functions.map((key) =>
					name === 'node:fs/promises' && sameWithCallback.includes(key)
						? `export function ${key}(...given) { return new Promise((resolve, reject) => process.getBuiltinModule("node:fs").${key}(...given, (error, value) => (error ? reject(error) : resolve(value)))); }`
						: lazyExport(name, key, own[key]),
				);
				lines.push(`export default {${functions.join(', ')}};`);
				// Those of `node:fs/promises`.
				lines.push('export const {constants} = process.getBuiltinModule("node:fs");');
				return {code: lines.join('\n'), moduleType: 'js'};
			}

			const lines = [
				`const builtin = process.getBuiltinModule(${JSON.stringify(name)});`,
				'export default builtin;',
				...exported.map((key) => `export const ${key} = builtin.${key};`),
			];
			return {code: lines.join('\n'), moduleType: 'js'};
		},
	},
};

/** Functions of `node:fs/promises` that `node:fs`, which every start has, offers with a callback. The whole module takes 3 ms to load. */
const sameWithCallback = ['access', 'lstat', 'readFile', 'readdir', 'readlink', 'stat', 'statfs'];

function lazyExport(name, key, value) {
	const original = `process.getBuiltinModule(${JSON.stringify(name)}).${key}`;
	// What util.promisify makes of it.
	const custom = 'Symbol.for("nodejs.util.promisify.custom")';
	return value[promisify.custom] === undefined
		? `export function ${key}(...given) { return ${original}(...given); }`
		: `export const ${key} = /* @__PURE__ */ Object.assign((...given) => ${original}(...given), {[${custom}]: (...given) => ${original}[${custom}](...given)});`;
}

/**
Libraries that wait for something while they are loaded, which a chunk of this format cannot. Ink waits for its devtools, which are never
there, and Yoga for its WebAssembly: it carries it in itself as text and asks for it by `fetch`, which loads all of Node's HTTP client.
At once it takes no longer.
*/
const withoutWaiting = {
	name: 'without-waiting',
	transform: {
		filter: {id: /\/(ink\/build\/reconciler|yoga-wasm-base64-esm|yoga-layout\/dist\/src\/index)\.js$/},
		handler(code, id) {
			met(id);
			if (id.includes('/ink/')) {
				return replaceAll(code, [
					["import.meta.resolve('react-devtools-core');", ''],
					["await import('./devtools.js');", ''],
					['await loadPackageJson()', '{}'],
				]);
			}

			return id.endsWith('/index.js')
				? replaceAll(code, [
						[
							'const Yoga = wrapAssembly(await loadYoga());',
							'const library = {}; loadYoga(library); const Yoga = wrapAssembly(library);',
						],
					])
				: replaceAll(code, [
						[
							'(function(){return w||',
							'b({instance:new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(H.slice(H.indexOf(",")+1),"base64")),d)});return{};(function(){return w||',
						],
					]);
		},
	},
};

/** Segmenters that libraries make while they are loaded: the first takes 10 ms, and most screens need none. */
const lateSegmenters = {
	name: 'late-segmenters',
	transform: {
		filter: {
			id: /\/node_modules\/(wrap-ansi|slice-ansi|string-width|@alcalzone\/ansi-tokenize|ink)\/.*\.js$/,
			code: /new Intl\.Segmenter/,
		},
		handler(code, id) {
			met(id);
			return code.replace(
				/^const (\w+) = (new Intl\.Segmenter\(.*\));$/gm,
				'let $1$made;\nconst $1 = {segment: (text) => ($1$made ??= $2).segment(text)};',
			);
		},
	},
};

/**
Before which dots an option takes several values: commander asks for a letter of any script there, and to gather all of these takes longer than
to read a command line. Names of values are ASCII here.
*/
const asciiNames = {
	name: 'ascii-names',
	transform: {
		filter: {id: /\/commander\/lib\/option\.js$/},
		handler(code, id) {
			met(id);
			return replaceAll(code, [['/\\p{ID_Continue}\\.\\.\\.[>\\]]$/u', '/\\w\\.\\.\\.[>\\]]$/']]);
		},
	},
};

/**
Ink draws all of each frame, and throws away what it worked out for it. Nearly everything is the same in the next frame: tools/shims/ink-output.mjs
draws only lines that changed, and what a text is without control sequences is kept from frame to frame.
*/
const keepFrames = {
	name: 'keep-frames',
	resolveId: {
		filter: {id: /^\.\/(output|sanitize-ansi)\.js$/},
		handler(name, importer = '') {
			if (!importer.includes('/node_modules/ink/build/')) {
				return undefined;
			}

			met(name);
			return `${root}tools/shims/${name === './output.js' ? 'ink-output' : 'sanitize-ansi'}.mjs`;
		},
	},
	transform: {
		filter: {
			id: /\/(ink\/build\/(dom|squash-text-nodes|line-update)|@alcalzone\/ansi-tokenize\/build\/styledChars)\.js$/,
		},
		handler(code, id) {
			met(id);
			if (id.endsWith('/line-update.js')) {
				// Where each character is one column, no segmenter is needed to find the first that changed.
				return replaceAll(code, [
					[
						'const printableAscii = /^[ -~]*$/u;',
						`import {countable as printableAscii} from '${root}tools/shims/string-width.mjs';`,
					],
				]);
			}

			if (id.endsWith('/dom.js')) {
				return replaceAll(code, [
					[
						'const markNodeAsDirty = (node) => {',
						`const markNodeAsDirty = (node) => {
	for (let each = node; each; each = each.parentNode) {
		if (each.nodeName === 'ink-text') {
			each.squashed = undefined;
		}
	}
`,
					],
				]);
			}

			return id.endsWith('/styledChars.js')
				? replaceAll(code, [['styles: [...codes],', 'styles: codes,']])
				: replaceAll(code, [
						[
							'const squashTextNodes = (node) => {',
							`const squashTextNodes = (node) => (node.nodeName === 'ink-text' ? (node.squashed ??= squash(node)) : squash(node));
const squash = (node) => {`,
						],
					]);
		},
	},
};

/** Of the files that image layers are built from: source/base/templates.ts. */
function layerDigests() {
	const files = [...globSync('derive/*', {cwd: `${root}templates`}), 'box/run-entrypoint', 'box/capture'];
	const digest = (file) =>
		createHash('sha256')
			.update(readFileSync(`${root}templates/${file}`))
			.digest('hex');
	return Object.fromEntries(files.sort().map((file) => [file, digest(file)]));
}

function replaceAll(code, replacements) {
	let result = code;
	for (const [before, after] of replacements) {
		if (!result.includes(before)) {
			throw new Error(`A library does not say ${before} any more: look whether replacing it is still needed.`);
		}

		result = result.replace(before, after);
	}

	return result;
}

/**
What a chunk exports, rolldown defines as a getter for each name: a function more to load, to make and to call each time it is asked for, and
a start has eight hundred of them. A function that is never assigned to can be exported itself. Those that run a module once replace
themselves when they are called; they keep what they have made in a variable instead.
*/
const plainExports = {
	name: 'plain-exports',
	renderChunk(code) {
		if (!code.includes('Object.defineProperty(exports,')) {
			return;
		}

		const once = [];
		const kept = code.replace(/^function (\S+)\(\) \{\n\treturn \(\1 = /gm, (_, name) => {
			met('modules that run once');
			once.push(`${name}$once`);
			return `function ${name}() {\n\treturn (${name}$once ??= `;
		});
		const {body} = parseAst(kept);
		const functions = new Set(body.flatMap(({type, id}) => (type === 'FunctionDeclaration' ? [id.name] : [])));
		forEachAssigned(body, (name) => functions.delete(name));
		const getter =
			/^Object\.defineProperty\(exports, (["'])(\S+)\1, \{\s+enumerable: true,\s+get: function ?\(\) \{\s+return (\S+);\s+\}\s+\}\);$/gm;
		const exported = kept.replace(getter, (whole, _, name, local) =>
			functions.has(local) ? plain(name, local) : whole,
		);
		return {code: once.length > 0 ? `${exported}\nvar ${once.join(', ')};\n` : exported};
	},
};

function plain(name, local) {
	met('exports');
	return `exports[${JSON.stringify(name)}] = ${local};`;
}

/** Calls back with each name that is assigned to anywhere below a node of a syntax tree, in whatever scope. */
function forEachAssigned(node, found, isTarget = false) {
	if (Array.isArray(node)) {
		for (const each of node) {
			forEachAssigned(each, found, isTarget);
		}
	} else if (typeof node?.type === 'string') {
		if (isTarget && node.type === 'Identifier') {
			found(node.name);
		}

		const target = {
			AssignmentExpression: 'left',
			UpdateExpression: 'argument',
			ForInStatement: 'left',
			ForOfStatement: 'left',
		};
		for (const [key, child] of Object.entries(node)) {
			if (typeof child === 'object') {
				forEachAssigned(child, found, key === target[node.type] || (isTarget && node.type !== 'MemberExpression'));
			}
		}
	}
}

/**
What verbs that only list are made of: whoever lists boxes, GPUs or images waits for nothing but the start, and the rest of these rooms is
five times as much. It is what their files import, so an `import` that one of them does not need at once costs all of them: `await import()`.
*/
const lists = new Set();
/** What every verb imports before its own code, and what judges images. */
const starts = new Set();
const findImported = {
	name: 'find-imported',
	buildEnd() {
		const add = (found, id) => {
			const info = found.has(id) ? null : this.getModuleInfo(id);
			if (info !== null) {
				found.add(id);
				for (const imported of info.importedIds) {
					add(found, imported);
				}
			}
		};
		for (const verb of ['ls', 'gpus', 'images']) {
			add(lists, `${root}source/commands/${verb}.ts`);
		}

		for (const file of ['main', 'program', 'engine/docker/docker', 'image/index']) {
			add(starts, `${root}source/${file}.ts`);
		}
	},
};

/** What any verb may need, and is small. */
const common = [
	/^\0/,
	/\/source\/start\/[^/]+\.ts$/,
	/\/source\/(base|text)\//,
	/\/source\/engine\/[^/]+$/,
	/\/source\/run-verb\.ts$/,
	/\/source\/demo\/scenario-names\.ts$/,
	/\/source\/job\/(export\/target-names|place\/place-names)\.ts$/,
	/\/source\/image\/scan\/(finding|scanner-names)\.ts$/,
	/\/node_modules\/(valibot|@noble\/hashes)\//,
	/\/tools\/shims\/(string-width|cli-truncate)\.mjs$|\/node_modules\/(string-width|cli-truncate|slice-ansi|strip-ansi|ansi-styles|ansi-regex|get-east-asian-width|is-fullwidth-code-point)\//,
];
const isCommon = (id) => common.some((path) => path.test(id));

/**
One chunk for each of these groups of folders; the first that takes a module has it. Everything else lies where it is first asked for.
A module of a chunk that nobody needs is read with the others and does not run.
*/
const places = Object.entries({
	// Every start needs it, or lists do.
	base: [/^\0/, {test: (id) => isCommon(id) && (starts.has(id) || lists.has(id))}],
	common,
	engine: [/\/source\/engine\/docker\//],
	// And what judging images needs of the boxes' rooms.
	lists: [{test: (id) => lists.has(id)}, /\/source\/image\/(reference|pull\/disk)\.ts$/],
	// Only the made-up host has it.
	tour: [/\/source\/session\/tour\//],
	session: [
		/\/source\/session\//,
		/\/tools\/shims\//,
		/\/node_modules\/(ink|react|react-reconciler|scheduler|yoga-layout)\//,
	],
	doctor: [/\/source\/doctor\//],
	// Verbs lie outside, each by itself, and so does what sets a project up.
	boxes: [
		/\/source\/(box|gpu|host)\//,
		/\/source\/app\/(?!check-host|convert-notebook|own-settings|portable-job)([^/]+|boxes\/[^/]+|hosts\/(cells|facts)\.ts)$/,
		/\/source\/app\/(images\/(choose-image|local-images)|lock\/project-lock)\.ts$/,
		/\/source\/commands\/output\/(?!demo-(doctor|hosts))/,
		/\/source\/image\/(pull\/|reference\.ts$)/,
		/\/source\/job\/lock\/(lock|pins)\.ts$/,
		/\/source\/settings\/(elsewhere|file|loading-variables|merge|reserved|trust)\.ts$/,
		/\/source\/setup\/plan\.ts$/,
		/\/gpu-cards\.json$/,
	],
	runs: [
		/\/source\/app\/runs\/(run|follow|make-job)\.ts$/,
		/\/source\/job\/(run|runs)\//,
		/\/source\/job\/(check|job|notebook\/notebook|python|script|torchrun)\.ts$/,
	],
	judge: [/\/source\/image\//, /\/templates\/catalogue\//],
});
const groups = places.map(([name, paths]) => ({name, test: (id) => paths.some((path) => path.test(id))}));

rmSync(into, {recursive: true, force: true});

const options = {
	cwd: root,
	platform: 'node',
	treeshake: {propertyReadSideEffects: false},
	logLevel: 'warn',
};
const define = {
	'process.env.NODE_ENV': '"production"',
	'process.env.DEV': '"false"',
	'process.env.GPUBOX_VERSION': JSON.stringify(version),
	'process.env.GPUBOX_COMMIT': JSON.stringify(commit),
	'process.env.GPUBOX_DIGEST': JSON.stringify(facts.digest),
	'process.env.GPUBOX_TEMPLATES': JSON.stringify(JSON.stringify(layerDigests())),
};
/** The entry loads the chunks itself (source/start/compiled-code.ts), which it can do with scripts but not with modules. */
const format = {format: 'cjs', minify: true, comments: {legal: true, annotation: false, jsdoc: false}};

const {output} = await build({
	...options,
	input: {main: 'source/main.ts', 'demo/nvidia-smi': 'source/demo/nvidia-smi.ts'},
	plugins: [unused, lazy, builtins, withoutWaiting, lateSegmenters, asciiNames, keepFrames, findImported, plainExports],
	preserveEntrySignatures: 'allow-extension',
	// Modules that are imported both ways are meant: one of the two is in the same chunk. How long this build takes is of no interest.
	checks: {ineffectiveDynamicImport: false, pluginTimings: false},
	transform: {target: 'node22', define},
	output: {
		...format,
		dir: into,
		// As deep as the folders of source/, so that a path to templates/ is the same from both.
		chunkFileNames: 'chunks/[name]-[hash].js',
		strictExecutionOrder: true,
		codeSplitting: {includeDependenciesRecursively: false, groups},
	},
});

const chunks = output.filter(({type}) => type === 'chunk');
const hash = createHash('sha256');
for (const {fileName, code} of chunks) {
	const text = inLatin(code);
	writeFileSync(`${into}/${fileName}`, text);
	hash.update(fileName).update(text);
}

const buildId = hash.digest('hex').slice(0, 12);
const {output: entries} = await build({
	...options,
	input: {cli: 'source/cli.ts'},
	plugins: [builtins],
	transform: {target: 'node22', define: {...define, 'process.env.GPUBOX_BUILD': JSON.stringify(buildId)}},
	output: {...format, dir: into},
});
for (const {fileName, code} of entries) {
	writeFileSync(`${into}/${fileName}`, inLatin(code));
}

writeFileSync(`${into}/package.json`, `${JSON.stringify({type: 'commonjs', build: buildId})}\n`);

/** Text that has a byte for each character is read faster and takes half the memory. */
function inLatin(code) {
	// The escape would be another text there.
	if (/String\.raw`[^`]*[^\0-~]/.test(code)) {
		throw new Error('String.raw with a character that is not ASCII.');
	}

	return code.replace(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const ids = chunks.flatMap(({modules}) => Object.keys(modules));
for (const [name, paths] of places) {
	for (const path of paths.filter((each) => !ids.some((id) => each.test(id)))) {
		unmet.add(`${path} in the chunk "${name}"`);
	}
}

if (unmet.size > 0) {
	throw new Error(
		`Nothing was found of: ${[...unmet].join(', ')}. Where did it move to, or is it not needed any more?`,
	);
}

// The bundle holds a piece of the bundler, too.
const packages = bundledPackages([...ids, `${root}node_modules/rolldown/package.json`]);
writeFileSync(`${into}/THIRD-PARTY-NOTICES.txt`, noticesOf(root, packages));
writeFileSync(`${into}/SBOM.cdx.json`, sbomOf(root, {packages, facts}));

if (process.argv.includes('--meta')) {
	const meta = chunks.map(({fileName, code, imports, dynamicImports, modules}) => ({
		fileName,
		bytes: code.length,
		imports,
		dynamicImports,
		modules: Object.entries(modules).map(([id, {renderedLength}]) => ({
			id: id.replace(root, ''),
			bytes: renderedLength,
		})),
	}));
	writeFileSync(`${into}/meta.json`, JSON.stringify(meta, undefined, '\t'));
}
