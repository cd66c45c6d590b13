#!/usr/bin/env node
import {enableCompileCache} from 'node:module';

enableCompileCache?.();

const [first, second, ...rest] = process.argv.slice(2);
const onlyHost =
	first !== undefined && /^--host(=.+)?$/.test(first) && (first.includes('=') ? second : rest[0]) === undefined;

// Without a verb it is the session. Commander would turn a mistyped verb into "too many arguments" if the root did it.
if (first === undefined || (onlyHost && (first.includes('=') || second !== undefined))) {
	const {openSession} = await import('./commands/session.ts');
	await openSession(first?.includes('=') ? first.slice('--host='.length) : second);
} else {
	const {runProgram} = await import('./program.ts');
	await runProgram(process.argv);
}
