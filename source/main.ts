import {failWhenStuck} from './run-verb.ts';

/**
What gpubox does: the session without a verb, otherwise the verb.

@param keepCode called when there is such a verb: what is compiled for it is worth being kept (start/compiled-code.ts)
*/
export async function main(keepCode: () => void): Promise<void> {
	const finished = failWhenStuck();
	const [first, second, ...rest] = process.argv.slice(2);
	const onlyHost =
		first !== undefined && /^--host(=.+)?$/.test(first) && (first.includes('=') ? second : rest[0]) === undefined;

	// Without a verb it is the session. Commander would turn a mistyped verb into "too many arguments" if the root did it.
	if (first === undefined || (onlyHost && (first.includes('=') || second !== undefined))) {
		keepCode();
		const {openSession} = await import('./commands/session.ts');
		await openSession(first?.includes('=') ? first.slice('--host='.length) : second);
		finished();
		return;
	}

	if (first === '--licenses') {
		const {printNotices} = await import('./commands/licenses.ts');
		await printNotices();
	} else {
		const {runProgram} = await import('./program.ts');
		await runProgram(process.argv, keepCode);
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
