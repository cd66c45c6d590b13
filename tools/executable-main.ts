/**
What the executable runs (tools/executable.ts): gpubox from the files inside it, nothing of which is ever written to a disk. To
the program they seem to lie below /proc/self/exe/, where no real path can be: that is a file.
*/
import {getRawAsset} from 'node:sea';
import {findCodeCache} from '../source/start/code-cache.ts';
import {purposeOf, readBeginning} from '../source/start/command-line.ts';
import {openCode} from '../source/start/compiled-code.ts';
import {dropEmptyVariables} from '../source/start/empty-variables.ts';
import {limitHeapFor} from '../source/start/heap.ts';

const inside = '/proc/self/exe/dist';

// Node gives the executable's own path in the place of a script's. A script of gpubox's own may stand after it: whoever starts
// `process.execPath` with one gets what Node would do.
const [, , third = ''] = process.argv;
const script = third.startsWith(`${inside}/`) ? third.slice(`${inside}/`.length) : undefined;
if (script === undefined) {
	dropEmptyVariables(process.env);
} else {
	process.argv.splice(1, 1);
}

const purpose = purposeOf(readBeginning(process.argv.slice(2)).word);
if (script === undefined) {
	limitHeapFor(purpose);
}

const code = openCode({
	folder: inside,
	read: (name) => Buffer.from(getRawAsset(`dist/${name}`)).toString('latin1'),
	cache: script === undefined ? findCodeCache(process.env) : undefined,
	build: process.env.GPUBOX_BUILD ?? '',
	purpose,
});
if (script === undefined) {
	const {main} = code.load('main.js') as typeof import('../source/main.ts');
	void main(code.keep);
} else {
	code.load(script);
}
