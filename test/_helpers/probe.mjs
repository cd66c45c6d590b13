/**
Loaded into a program before anything else (NODE_OPTIONS=--import=…): writes down in the file GPUBOX_TEST_PROBE whatever that
program, or a Node that it starts, writes, connects to or runs. One JSON object a line.
*/
import {ChildProcess} from 'node:child_process';
import fs from 'node:fs';
import {syncBuiltinESMExports} from 'node:module';
import net from 'node:net';

const file = process.env.GPUBOX_TEST_PROBE;
let noting = false;

function note(what, where) {
	// What it does itself is no news.
	if (!noting && file !== undefined) {
		noting = true;
		fs.appendFileSync(file, `${JSON.stringify({what, where: String(where)})}\n`);
		noting = false;
	}
}

/** Where a name below an open folder, or an open file, is. */
function placeOf(path) {
	const [, fd, rest = ''] = /^(?:\/proc\/self\/fd\/)?(\d+)(\/.*)?$/.exec(String(path)) ?? [];
	return fd === undefined ? path : fs.readlinkSync(`/proc/self/fd/${fd}`) + rest;
}

function watch(owner, name, look) {
	const original = owner[name];
	if (typeof original === 'function') {
		owner[name] = function (...given) {
			look(...given);
			return original.apply(this, given);
		};
	}
}

const first = [
	'writeFile',
	'appendFile',
	'mkdir',
	'mkdtemp',
	'rm',
	'rmdir',
	'unlink',
	'chmod',
	'chown',
	'truncate',
	'utimes',
];
const second = ['copyFile', 'cp', 'rename', 'symlink', 'link'];
for (const [owner, ending] of [
	[fs, ''],
	[fs, 'Sync'],
	[fs.promises, ''],
]) {
	for (const name of first) {
		watch(owner, `${name}${ending}`, (path) => note('write', placeOf(path)));
	}

	for (const name of second) {
		watch(owner, `${name}${ending}`, (_, path) => note('write', placeOf(path)));
	}

	watch(owner, `open${ending}`, (path, flags) => {
		const writes = typeof flags === 'string' ? /[wa+]/.test(flags) : typeof flags === 'number' && (flags & 3) !== 0;
		if (writes) {
			note('write', placeOf(path));
		}
	});
}

watch(fs, 'createWriteStream', (path) => note('write', path));
watch(net.Socket.prototype, 'connect', (to) => note('connect', JSON.stringify(to)));
watch(ChildProcess.prototype, 'spawn', ({args}) => note('run', args.join(' ')));
syncBuiltinESMExports();
