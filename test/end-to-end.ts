/** Runs the end-to-end files on test hosts, each file on the next one that is free. */
import {basename} from 'node:path';
import {testHostVariable} from './_helpers/test-host/index.ts';
import {torchrunFile} from './_helpers/test-host/torch-image.ts';

/** What one file printed, and how it ended: undefined when all of it passed. */
type Ran = {failed: string | undefined; output: string};

type Options = {
	/** The files of `GPUBOX_TEST_HOST`, one for each test host, as soon as it is ready. */
	hosts: Array<Promise<string>>;
	/** Runs one file. Rejects only when the whole run is to end. */
	runFile: (file: string, environment: NodeJS.ProcessEnv) => Promise<Ran>;
	say: (text: string) => void;
};

// These take a minute or more. Begun last, one of them would be all that still runs.
const longest = [
	'documents',
	'lock',
	'provenance',
	'box-surroundings',
	'failures',
	'race',
	'hostile-engine',
	'run',
	'images',
	'ssh-config',
	'swarm',
	'project-file',
	'idle',
	'torchrun',
	'tokens',
];

/** Needs what only the first test host has. */
const onFirst = torchrunFile;

/** The order to begin with them in: the longest first, then as they are. */
function inOrder(files: readonly string[]): string[] {
	const rank = (file: string) => {
		const index = longest.indexOf(basename(file).replace(/\.test\.tsx?$/, ''));
		return index === -1 ? longest.length : index;
	};
	return files.toSorted((one, other) => rank(one) - rank(other));
}

/**
Files on the same test host run one after the other: they share its engine, and its GPUs are given to one box only. What a file prints
is shown when it is over, and what failed once more at the end.

@throws Error that names the files in which something failed
*/
export async function runEndToEnd(files: readonly string[], {hosts, runFile, say}: Options): Promise<void> {
	const waiting = inOrder(files);
	const failures: Array<{file: string; output: string}> = [];
	let over = 0;
	const take = (lane: number) => {
		const index = waiting.findIndex((file) => !onFirst.test(file) || lane === 0);
		return index === -1 ? undefined : waiting.splice(index, 1)[0];
	};
	const work = async (ready: Promise<string>, lane: number) => {
		const host = await ready;
		for (let file = take(lane); file !== undefined; file = take(lane)) {
			const start = performance.now();
			const {failed, output} = await runFile(file, {[testHostVariable]: host});
			const seconds = ((performance.now() - start) / 1000).toFixed(1);
			over += 1;
			say(
				`${output.trimEnd()}\n${failed === undefined ? '✔' : '✖'} ${file} (${seconds} s, ${over} of ${files.length})`,
			);
			if (failed !== undefined) {
				failures.push({file, output: `${failingTests(output)}\n(${failed})`});
			}
		}
	};

	await Promise.all(hosts.map(work));
	for (const {file, output} of failures) {
		say(`\n✖ ${file}\n${output}`);
	}

	if (failures.length > 0) {
		throw new Error(`tests failed in ${failures.map(({file}) => file).join(', ')}`);
	}
}

/** Node's runner repeats the tests that failed below this title; a file that could not even be loaded has none. */
function failingTests(output: string): string {
	const start = output.lastIndexOf('✖ failing tests:');
	return start === -1 ? output.slice(-4000) : output.slice(start);
}
