#!/usr/bin/env node
import module from 'node:module';
import {findCodeCache} from './start/code-cache.ts';
import {dropEmptyVariables} from './start/empty-variables.ts';

// As package.json has it in `engines`: that file is not read, because it costs every start.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
	process.stderr.write(
		`gpubox: It needs Node 22.12 or newer, and this is ${process.versions.node}.\n  → Install a newer one: https://nodejs.org\n`,
	);
	process.exit(1);
}

dropEmptyVariables(process.env);
const codeCache = findCodeCache(process.env);
if (codeCache !== undefined) {
	module.enableCompileCache?.(codeCache);
}

const {failWhenStuck} = await import('./run-verb.ts');
const finished = failWhenStuck();
const [first, second, ...rest] = process.argv.slice(2);
const onlyHost =
	first !== undefined && /^--host(=.+)?$/.test(first) && (first.includes('=') ? second : rest[0]) === undefined;

// Without a verb it is the session. Commander would turn a mistyped verb into "too many arguments" if the root did it.
if (first === undefined || (onlyHost && (first.includes('=') || second !== undefined))) {
	const {openSession} = await import('./commands/session.ts');
	await openSession(first?.includes('=') ? first.slice('--host='.length) : second);
	finished();
} else {
	if (first === '--licenses') {
		const {printNotices} = await import('./commands/licenses.ts');
		await printNotices();
	} else {
		const {runProgram} = await import('./program.ts');
		await runProgram(process.argv);
	}

	// What a pipe has not taken yet would be lost. After Ctrl-C the reader may be gone.
	const interrupted = process.exitCode === 130;
	for (const stream of [process.stdout, process.stderr]) {
		await new Promise((resolve) => {
			stream.write('', resolve);
			if (interrupted) {
				setTimeout(resolve, 200);
			}
		});
	}

	// Node's own end takes down all that was built up before it lets the shell go on: 10 ms.
	process.exit();
}
