import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {
	chmodSync,
	copyFileSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {cachedDataVersionTag} from 'node:v8';

const scratch = mkdtempSync(join(tmpdir(), 'gpubox-compiled-'));
after(() => rmSync(scratch, {recursive: true}));
const program = join(scratch, 'program.mjs');
const source = fileURLToPath(new URL('../../source/start/compiled-code.ts', import.meta.url));
writeFileSync(
	program,
	`import {readFileSync} from 'node:fs';
	const {openCode} = await import(${JSON.stringify(source)});
	const [folder, cache, build, purpose, ...calls] = process.argv.slice(2);
	const code = openCode({folder, cache, build, purpose, read: (name) => readFileSync(folder + '/' + name, 'latin1')});
	code.keep();
	for (const call of calls) {
		const [chunk, name] = call.split(':');
		console.log(code.load(chunk)[name]());
	}`,
);

function makeBundle(chunks: Record<string, string>) {
	const folder = mkdtempSync(join(scratch, 'bundle-'));
	const cache = mkdtempSync(join(scratch, 'cache-'));
	mkdirSync(join(folder, 'chunks'));
	for (const [name, text] of Object.entries(chunks)) {
		writeFileSync(join(folder, name), text);
	}

	const run = (calls: string[], {build = 'b1', purpose = 'ls', flags = [] as string[]} = {}) => {
		const words = [...flags, '--import=tsx', program, folder, cache, build, purpose, ...calls];
		const {status, stdout, stderr} = spawnSync(process.execPath, words, {encoding: 'utf8'});
		assert.equal(status, 0, stderr);
		return stdout.trim().split('\n');
	};
	const kept = (build = 'b1', purpose = 'ls') =>
		join(cache, `gpubox-${build}-${process.version}-${process.arch}`, purpose);
	return {folder, cache, run, kept};
}

const work = 'let n=0;for(let i=0;i<9;i++){if(i%2){n+=i*3}else{n-=i}};return String(n)';
const chunks = {
	'main.js': `const other=require('./chunks/other.js');exports.seldom=()=>{${work}};exports.say=()=>other.say()+require('node:path').basename(__filename)`,
	'chunks/other.js': `const main=require('../main.js');exports.say=()=>typeof main.say+' '`,
	'chunks/third.js': `#!/usr/bin/env node\nexports.say=()=>'third'`,
};

describe('compiled code', () => {
	test('chunks load each other and the modules of Node as with require', () => {
		const {folder, run} = makeBundle(chunks);
		for (const time of ['without', 'with', 'with all']) {
			assert.deepEqual(run(['main.js:say']), ['function main.js'], time);
			if (time === 'with') {
				// Their text is kept as well: what is called for the first time is compiled from it.
				rmSync(folder, {recursive: true});
			}
		}

		assert.deepEqual(run(['main.js:seldom']), ['28']);
	});

	test('is kept with what was called until the end, for each verb and build, readable for its owner', () => {
		const {cache, run, kept} = makeBundle(chunks);
		run(['main.js:say']);
		const {size, mode} = statSync(kept());
		assert.equal(mode & 0o777, 0o600);
		run(['main.js:say', 'main.js:seldom'], {purpose: 'run'});
		assert.ok(statSync(kept('b1', 'run')).size > size, 'a function that was called is in it');
		run(['main.js:say'], {build: 'b2'});
		assert.equal(readdirSync(cache).length, 2);
	});

	test('is written once, and again with a chunk that was not in it, whose others stay', () => {
		const {run, kept} = makeBundle(chunks);
		run(['main.js:say']);
		const first = statSync(kept()).ino;
		run(['main.js:say']);
		assert.equal(statSync(kept()).ino, first);
		run(['chunks/third.js:say']);
		const [line = ''] = readFileSync(kept(), 'latin1').split('\n');
		assert.deepEqual(Object.keys((JSON.parse(line) as {lengths: object}).lengths).sort(), [
			'chunks/other.js',
			'chunks/third.js',
			'main.js',
		]);
	});

	test('that is cut short, empty, of other flags or no such file is replaced', () => {
		const {run, kept} = makeBundle(chunks);
		run(['main.js:say']);
		const whole = readFileSync(kept());
		for (const broken of [whole.subarray(0, whole.length - 8), Buffer.alloc(0), Buffer.from('{"early":false}\n')]) {
			writeFileSync(kept(), broken);
			assert.deepEqual(run(['main.js:say']), ['function main.js']);
			assert.equal(readFileSync(kept()).length, whole.length);
		}

		const before = statSync(kept()).ino;
		assert.deepEqual(run(['main.js:say'], {flags: ['--no-lazy']}), ['function main.js']);
		assert.notEqual(statSync(kept()).ino, before);
	});

	test('that others can write, or have put a link to, is not run', () => {
		const {cache, run, kept} = makeBundle({'main.js': `exports.say=()=>'theirs'`});
		const own = makeBundle({'main.js': `exports.say=()=>'mine!!'`});
		run(['main.js:say']);
		own.run(['main.js:say']);
		// V8 compares the length of the text alone.
		copyFileSync(kept(), own.kept());
		assert.deepEqual(own.run(['main.js:say']), ['theirs'], 'code of a file that only the user can write');
		chmodSync(own.kept(), 0o620);
		assert.deepEqual(own.run(['main.js:say']), ['mine!!']);
		assert.equal(statSync(own.kept()).mode & 0o777, 0o600);
		rmSync(own.kept());
		symlinkSync(kept(), own.kept());
		assert.deepEqual(own.run(['main.js:say']), ['mine!!']);
		assert.ok(lstatSync(own.kept()).isFile());
		assert.equal(readdirSync(cache).length, 1);
	});

	test('of other builds is removed when nothing was written there for a month', () => {
		const {cache, run} = makeBundle(chunks);
		const days = (count: number) => new Date(Date.now() - count * 24 * 3600 * 1000);
		for (const [name, age] of [
			['gpubox-old-v1', 31],
			['gpubox-young-v1', 29],
			['v24.0.0-x64-1234-1000', 99],
		] as const) {
			mkdirSync(join(cache, name));
			utimesSync(join(cache, name), days(age), days(age));
		}

		run(['main.js:say']);
		const names = readdirSync(cache).filter((name) => !name.startsWith('gpubox-b1'));
		assert.deepEqual(names.sort(), ['gpubox-young-v1', 'v24.0.0-x64-1234-1000']);
	});

	test('is not kept for a word that is no verb, nor where nothing can be written', () => {
		const {cache, run} = makeBundle(chunks);
		run(['main.js:say'], {purpose: '../up'});
		assert.deepEqual(readdirSync(cache), []);
		writeFileSync(join(cache, `gpubox-b1-${process.version}-${process.arch}`), 'a file');
		assert.deepEqual(run(['main.js:say']), ['function main.js']);
	});
});

test('the session starts with the flags that its code was compiled with', async () => {
	const tag = cachedDataVersionTag();
	await import('../../source/session/index.tsx');
	assert.equal(cachedDataVersionTag(), tag);
});
