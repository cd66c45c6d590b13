import {failWhenStuck, watchOutput} from './run-verb.ts';
import {readBeginning} from './start/command-line.ts';

/**
What gpubox does: the session without a verb, otherwise the verb.

@param keepCode called when there is such a verb: what is compiled for it is worth being kept (start/compiled-code.ts)
*/
export async function main(keepCode: () => void): Promise<void> {
	const finished = failWhenStuck();
	watchOutput();
	// Without a verb it is the session. Commander would turn a mistyped verb into "too many arguments" if the root did it.
	const {host, readOnly, word} = readBeginning(process.argv.slice(2));
	if (word === undefined) {
		if (!readOnly) {
			keepCode();
		}

		const {openSession} = await import('./commands/session.ts');
		const loadVerbs = async () => (await import('./program.ts')).loadVerbs();
		await openSession(host, {readOnly, loadVerbs});
		finished();
		return;
	}

	if (word === '--licenses') {
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
