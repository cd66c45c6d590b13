/**
Loaded first in each process of a test run. Node removes the types itself, and keeps what it compiled for the next process: most test
files take longer to load than to run. Only what has JSX in it is turned into JavaScript here, once for all processes.
*/
import {createHash} from 'node:crypto';
import {mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {createRequire, enableCompileCache, registerHooks} from 'node:module';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const cache = fileURLToPath(new URL('../../.cache', import.meta.url));
const require = createRequire(import.meta.url);
const options = {lang: 'tsx', sourcemap: true, tsconfig: false} as const;

/** What the text that is kept depends on beside the file. */
const madeWith = [
	readFileSync(new URL('../../node_modules/rolldown/package.json', import.meta.url)),
	JSON.stringify(options),
];

const keptMs = 7 * 24 * 3_600_000;

enableCompileCache(join(cache, 'compiled'));
// For the programs that tests start: those of this checkout are TypeScript, too, and are started often.
process.env.NODE_COMPILE_CACHE ??= join(cache, 'compiled');
process.setSourceMapsEnabled(true);
registerHooks({
	load(url, context, next) {
		return url.startsWith('file:') && url.endsWith('.tsx')
			? {format: 'module', source: withoutJsx(fileURLToPath(url)), shortCircuit: true}
			: next(url, context);
	},
});

function withoutJsx(path: string): string {
	const source = readFileSync(path, 'utf8');
	const name = createHash('sha256').update(madeWith.join('\n')).update(`${path}\n${source}`).digest('hex');
	const file = join(cache, 'jsx', `${name}.js`);
	try {
		return readFileSync(file, 'utf8');
	} catch {
		// The first time.
	}

	// Loaded here: it takes longer than most files.
	const {transformSync} = require('rolldown/utils') as typeof import('rolldown/utils');
	const {code, map, errors} = transformSync(path, source, options);
	if (errors.length > 0) {
		throw new SyntaxError(errors.map(({message}) => `${path}: ${message}`).join('\n'));
	}

	const inline = Buffer.from(JSON.stringify(map)).toString('base64');
	const text = `${code}\n//# sourceMappingURL=data:application/json;base64,${inline}\n`;
	mkdirSync(join(cache, 'jsx'), {recursive: true});
	// Other processes may do the same at the same time.
	writeFileSync(`${file}.${process.pid}`, text);
	renameSync(`${file}.${process.pid}`, file);
	removeOld(join(cache, 'jsx'));
	return text;
}

/** Of each change of a file there is a text, and which ones are of use is not known. Those that are made again cost little. */
function removeOld(folder: string): void {
	const sinceMs = Date.now() - keptMs;
	for (const path of readdirSync(folder).map((name) => join(folder, name))) {
		const {mtimeMs} = statSync(path, {throwIfNoEntry: false}) ?? {mtimeMs: sinceMs};
		if (mtimeMs < sinceMs) {
			rmSync(path, {force: true});
		}
	}
}
