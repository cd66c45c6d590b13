/**
Loads the bundle's chunks with what V8 compiled of them in an earlier run of the same verb.

Node's own cache of compiled code is made before a file is run, and so without the functions that are compiled when they are first
called: compiling those again was a quarter of a start. It also reads a file for each chunk. This one is made at the end, with all that was
called until then, and there is one file for each verb, which also has the text of the chunks.

V8 refuses code of another version of its own, or made with other flags. Whoever can write the file decides what gpubox does:
`findCodeCache` chooses the folder, and a file that another user wrote, or can write, is not read: NODE_COMPILE_CACHE may name a shared folder.
*/
import {
	closeSync,
	constants,
	fstatSync,
	fsyncSync,
	mkdirSync,
	openSync,
	readdirSync,
	readSync,
	renameSync,
	rmSync,
	statSync,
	writeSync,
} from 'node:fs';
import {posix} from 'node:path';
import vm from 'node:vm';
import {withoutHeapLimits} from './heap.ts';

const {dirname, join} = posix;

export type CodeOptions = {
	/** Where the chunks lie, for messages and for what asks where it is. */
	folder: string;
	/** The text of a chunk. */
	read: (name: string) => string;
	/** Where what was compiled is kept; without one nothing is. */
	cache: string | undefined;
	/** Of the whole bundle: what was compiled of another is never looked at. */
	build: string;
	/** What it was compiled for: what is needed, and which functions are called, depends on the verb. */
	purpose: string;
};

export type Code = {
	/** What a chunk exports. */
	load: (name: string) => unknown;
	/** Asks for what is compiled to be kept when there is nothing yet. */
	keep: () => void;
};

/** By then a session has drawn its screen, and most verbs are over. In milliseconds. */
const startedAfter = 3000;

/** V8 drops what was compiled and not called for a while: a process that is older has nothing left of its start. In seconds. */
const forgottenAfter = 60;

/** Folders of other builds that nothing was written to for this long are removed. In milliseconds. */
const unusedAfter = 30 * 24 * 3600 * 1000;

/** A chunk's text, as a function of what Node's `require` gives, and what V8 compiled of it. */
type Part = {text: string; compiled: Buffer};

type Kept = {
	/** Written by a process that had not ended, so without what is called at the end. */
	early: boolean;
	parts: Map<string, Part>;
};

/** Loads chunks as Node's `require` does. */
export function openCode({folder, read, cache, build, purpose}: CodeOptions): Code {
	const file = cache !== undefined && /^\w+$/.test(purpose) ? join(cache, folderOf(build), purpose) : undefined;
	let kept = file === undefined ? undefined : readKept(file);
	let complete = kept !== undefined && !kept.early;
	const modules = new Map<string, {exports: unknown}>();
	const scripts = new Map<string, {text: string; script: vm.Script}>();
	const load = (name: string): unknown => {
		const loaded = modules.get(name);
		// With what it loads in its turn, also of Node's own modules.
		return loaded === undefined ? withoutHeapLimits(() => loadFirst(name)) : loaded.exports;
	};

	const loadFirst = (name: string): unknown => {
		const filename = join(folder, name);
		const part = kept?.parts.get(name);
		const text = part?.text ?? asFunction(read(name));
		const script = new vm.Script(text, {filename, cachedData: part?.compiled});
		complete &&= part !== undefined && script.cachedDataRejected !== true;
		scripts.set(name, {text, script});
		const module = {exports: {}};
		modules.set(name, module);
		const require = (wanted: string) =>
			wanted.startsWith('.') ? load(join(dirname(name), wanted)) : process.getBuiltinModule(wanted);
		script.runInThisContext()(module.exports, require, module, filename, dirname(filename));
		return module.exports;
	};

	const write = (path: string, early: boolean) => {
		const fresh = withoutHeapLimits(() =>
			[...scripts].map(([name, {text, script}]) => [name, {text, compiled: script.createCachedData()}] as const),
		);
		kept = {early, parts: new Map([...(kept?.parts ?? []), ...fresh])};
		writeKept(path, kept);
	};
	const keep = (path: string) => {
		setTimeout(() => {
			if (complete) {
				kept = undefined;
				scripts.clear();
			} else if (kept?.early !== true) {
				write(path, true);
			}
		}, startedAfter).unref();
		process.once('exit', () => {
			if (!complete && process.uptime() < forgottenAfter) {
				write(path, false);
			}
		});
	};
	return {load, keep: () => (file === undefined ? undefined : keep(file))};
}

function asFunction(text: string): string {
	// A chunk that is also a program of its own begins with a line for the shell.
	return `(function(exports,require,module,__filename,__dirname){${text.replace(/^#!.*/, '')}\n})`;
}

function folderOf(build: string): string {
	return `gpubox-${build}-${process.version}-${process.arch}`;
}

/**
Node gives V8 a text of this length without copying it to where V8 keeps what is new (EXTERN_APEX in its string_bytes.cc). The texts of a verb's
chunks would fill that, and be moved about, twice at each start.
*/
const externalBytes = 0xf_be_e9;

/** @returns undefined when there is none, or not a whole one */
function readKept(file: string): Kept | undefined {
	try {
		const {data, length} = readOwn(file);
		const end = data.indexOf('\n');
		const {early, lengths} = JSON.parse(data.toString('latin1', 0, end)) as Header;
		const entries = Object.entries(lengths);
		const textsAt = entries.reduce((offset, [, [compiled]]) => offset + aligned(compiled), aligned(end + 1));
		// Where there is less, it goes on with whatever is behind it, which no chunk is.
		const texts = data.toString('latin1', textsAt, Math.max(length, textsAt + externalBytes));
		const parts = new Map<string, Part>();
		let codeAt = aligned(end + 1);
		let textAt = 0;
		for (const [name, [compiled, text]] of entries) {
			parts.set(name, {
				compiled: data.subarray(codeAt, codeAt + compiled),
				text: texts.slice(textAt, textAt + text),
			});
			codeAt += aligned(compiled);
			textAt += text;
		}

		return textsAt + textAt === length ? {early, parts} : undefined;
	} catch {
		return undefined;
	}
}

/** The first line of the file. */
type Header = {
	early: boolean;
	/** Of each chunk: bytes of compiled code, and of text. */
	lengths: Record<string, [compiled: number, text: number]>;
};

/** @throws errors of the file system, also for what another user could have written */
function readOwn(file: string): {data: Buffer; length: number} {
	const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	try {
		const info = fstatSync(fd);
		if (!info.isFile() || info.uid !== process.getuid?.() || (info.mode & 0o022) !== 0) {
			throw new Error(`${file} is not a private file of the caller.`);
		}

		const data = Buffer.allocUnsafeSlow(info.size + externalBytes);
		let length = 0;
		for (let read = -1; read !== 0 && length < info.size; length += read) {
			read = readSync(fd, data, length, info.size - length, null);
		}

		return {data, length};
	} finally {
		closeSync(fd);
	}
}

/** V8 copies what does not begin at a whole word. */
function aligned(length: number): number {
	return Math.ceil(length / 8) * 8;
}

/** One line of JSON, then what is compiled, one part after another, each filled up to a whole word, then the texts: nothing but ASCII. */
function writeKept(file: string, {early, parts}: Kept): void {
	const all = [...parts.values()];
	const header: Header = {early, lengths: {}};
	for (const [name, {compiled, text}] of parts) {
		header.lengths[name] = [compiled.length, text.length];
	}

	const pieces = [Buffer.from(`${JSON.stringify(header)}\n`, 'latin1'), ...all.map(({compiled}) => compiled)];
	const data = Buffer.concat([
		...pieces.flatMap((piece) => [piece, Buffer.alloc(aligned(piece.length) - piece.length)]),
		Buffer.from(all.map(({text}) => text).join(''), 'latin1'),
	]);
	const folder = dirname(file);
	const fresh = `${file}.${process.pid}`;
	try {
		if (mkdirSync(folder, {recursive: true, mode: 0o700}) !== undefined) {
			removeUnused(dirname(folder));
		}

		writeWhole(fresh, data);
		renameSync(fresh, file);
	} catch {
		// No room, or no rights: then each start compiles.
		try {
			rmSync(fresh, {force: true});
		} catch {
			// It was never there.
		}
	}
}

function writeWhole(file: string, data: Buffer): void {
	const fd = openSync(file, 'wx', 0o600);
	try {
		for (let written = 0; written < data.length; ) {
			written += writeSync(fd, data, written);
		}

		// V8 does not check it: after a power cut it must not be there by half.
		fsyncSync(fd);
	} finally {
		closeSync(fd);
	}
}

/** What older versions of gpubox, or other versions of Node, left. */
function removeUnused(cache: string): void {
	for (const name of readdirSync(cache)) {
		const folder = join(cache, name);
		if (name.startsWith('gpubox-') && Date.now() - statSync(folder).mtimeMs > unusedAfter) {
			rmSync(folder, {recursive: true, force: true});
		}
	}
}
