/**
What the executable runs (tools/executable.ts): gpubox from the files inside it, nothing of which is ever written to a disk. To
the program they seem to lie below /proc/self/exe, a file, where no real path can be.
*/
const {registerHooks} = require('node:module');
const {getRawAsset} = require('node:sea');

const path = '/proc/self/exe/';
const url = `file://${path}`;

registerHooks({
	resolve(specifier, context, next) {
		const own = specifier.startsWith('.') && context.parentURL?.startsWith(url);
		const target = own ? new URL(specifier, context.parentURL).href : specifier;
		return target.startsWith(url) ? {url: target, format: 'module', shortCircuit: true} : next(specifier, context);
	},
	load(target, context, next) {
		return target.startsWith(url)
			? {format: 'module', source: Buffer.from(getRawAsset(target.slice(url.length))), shortCircuit: true}
			: next(target, context);
	},
});

// Node gives the executable's own path in the place of a script's. A script of gpubox's own may stand after it: whoever starts
// `process.execPath` with one gets what Node would do.
if (process.argv[2]?.startsWith(path)) {
	process.argv.splice(1, 1);
}

const script = process.argv[1].startsWith(path) ? process.argv[1].slice(path.length) : 'dist/cli.js';
void import(url + script);
