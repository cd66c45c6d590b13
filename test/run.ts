/**
What `npm test` runs: the check of commit subjects, build, lint, types, unused code, the catalogue's check, known
vulnerabilities of what is bundled, and unit tests; meanwhile a test host is set up, and the end-to-end tests run on it; as root two
of them, after the unit tests a third, and each test file on the one that is free.

	npm test                            everything
	npm test -- --unit                  no test host
	npm test -- --e2e --only PATTERN    end-to-end test files whose path contains PATTERN
	npm test -- --e2e --engine podman   all that is tried on another engine than the tests' own: podman, rootless, image-store
	npm test -- --e2e --keep            leaves the engine running, and says how to run a test on it by hand
*/
import {spawn} from 'node:child_process';
import {globSync} from 'node:fs';
import {availableParallelism, constants} from 'node:os';
import {delimiter, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {audit} from '../tools/audit.ts';
import {checkCommits} from '../tools/commit-subjects.ts';
import {testHostVariable} from './_helpers/test-host/index.ts';
import {type PreparedHost, prepareHost} from './_helpers/test-host/prepare.ts';
import {buildTorchCpuImage, torchrunFile} from './_helpers/test-host/torch-image.ts';
import {holdUsualPorts} from './_helpers/test-host/usual-ports.ts';
import {runEndToEnd} from './end-to-end.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

const {values: options} = parseArgs({
	options: {
		unit: {type: 'boolean', default: false},
		e2e: {type: 'boolean', default: false},
		only: {type: 'string', default: ''},
		engine: {type: 'string', default: ''},
		keep: {type: 'boolean', default: false},
	},
});

const isTorchrun = (file: string) => torchrunFile.test(file);

const hostOptions = {root, keep: options.keep, say: (line: string) => say(`  ${line}`)};

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
	process.on(signal, () => {
		process.exitCode = 128 + constants.signals[signal];
		interrupted.abort(new Error(`stopped by ${signal}`));
	});
}

try {
	await main();
} catch (error) {
	process.exitCode ||= 1;
	say(`✖ ${error instanceof Error ? error.message : error}`);
	if (process.env.GPUBOX_DEBUG === '1') {
		console.error(error);
	}
}

async function main(): Promise<void> {
	const everything = !options.unit && !options.e2e;
	if (everything) {
		// Costs nothing, and after half an hour of tests it is the last thing anybody wants to be told.
		await step('commit subjects', async () => reportCommits());
	}

	await step('build', () => quietly('npm', ['run', '--silent', 'build']));
	if (options.e2e || everything) {
		await endToEnd(others);
	} else {
		await others();
	}
}

/** All but the end-to-end tests. */
async function others(): Promise<void> {
	if (!options.unit && !options.e2e) {
		await checks();
	}

	if (options.unit || !options.e2e) {
		await unitTests();
	}
}

async function checks(): Promise<void> {
	await step('lint', () => quietly('npm', ['run', '--silent', 'lint']));
	await step('types', () => quietly('npm', ['run', '--silent', 'types']));
	await step('unused code', () => quietly('npm', ['run', '--silent', 'unused']));
	await step('catalogue', () => quietly('npm', ['run', '--silent', 'catalog:check']));
	await step('known vulnerabilities', reportAudit);
}

/**
Much of an end-to-end test is waiting, so they run beside the others, and two or three at a time where they have engines of their own.
What fails ends neither the one nor the other: whoever waited for all of it is told all.
*/
async function endToEnd(others: () => Promise<void>): Promise<void> {
	const {engine} = options;
	const files = testFiles((path) => path.startsWith(engine === '' ? 'test/e2e/' : `test/e2e/${engine}.test.`));
	if (files.length === 0) {
		throw new Error(`no test file matches ${JSON.stringify(engine || options.only)}`);
	}

	const over = new AbortController();
	const signal = AbortSignal.any([interrupted.signal, over.signal]);
	const usualPorts = await holdUsualPorts();
	const rest = others();
	const making = startHosts(files.length, {rest, signal});
	// The test that needs the image builds it where this fails, and tells why it cannot.
	const torch = making[0].then(({docker, images}) =>
		files.some(isTorchrun) ? buildTorchCpuImage(docker, images, signal) : undefined,
	);
	const afterTorch = torch.catch(() => {});
	let failure: unknown;
	try {
		await all([
			rest,
			step('test host', () => making[0]),
			step('end-to-end tests', () =>
				runEndToEnd(files, {
					hosts: making.map(async (host) => (await host).file),
					async runFile(file, env) {
						if (isTorchrun(file)) {
							await afterTorch;
						}

						return runChild(process.execPath, testCall([file]), {
							env: {...env, GPUBOX_TEST_ENGINE: engine},
							quiet: true,
						});
					},
					say,
				}),
			),
		]);
	} catch (error) {
		failure = error;
		throw error;
	} finally {
		over.abort(new Error('the tests are over'));
		for (const server of usualPorts) {
			server.close();
		}

		const hosts = (await Promise.allSettled(making)).flatMap((made) =>
			made.status === 'fulfilled' ? [made.value] : [],
		);
		await afterTorch;
		const [{file} = {file: ''}] = hosts;
		if (file !== '' && options.keep) {
			say(`the test host stays: ${testHostVariable}=${file} node --import=tsx --test test/e2e/NAME.test.ts`);
		} else if (hosts.length > 0) {
			// The first was there before the others, and finds the machine as it was when they are gone.
			await step('clean up', async () => {
				let first: unknown;
				for (const host of hosts.toReversed()) {
					// What is wrong with one must not leave the others behind.
					await host.stop().catch((error: unknown) => {
						first ??= error;
					});
				}

				if (first !== undefined) {
					throw first;
				}
			}).catch((error: Error) => {
				if (failure === undefined) {
					throw error;
				}

				// It would take the place of what failed first.
				say(`✖ clean up: ${error.message}`);
			});
		}
	}
}

/**
The others are made from the images of the first. Two lanes wait for a quarter of the time: a third takes that once nothing else runs beside
them, where there is enough left to do.

@param rest settles when the other tests are over
*/
function startHosts(
	files: number,
	{rest, signal}: {rest: Promise<void>; signal: AbortSignal},
): [Promise<PreparedHost>, ...Array<Promise<PreparedHost>>] {
	const first = prepareHost({...hostOptions, signal});
	if (process.getuid?.() !== 0 || options.keep || files === 1) {
		return [first];
	}

	const another = async (lane: number) => {
		const {docker} = await first;
		return prepareHost({...hostOptions, signal, lane, imagesFrom: docker});
	};
	const second = another(1);
	if (files < 10) {
		return [first, second];
	}

	const third = Promise.allSettled([rest, second]).then(() => another(2));
	return [first, second, third];
}

/** Waits for all of them, also where one fails: that is told at once, and all of it at the end. @throws what failed */
async function all(works: Array<Promise<unknown>>): Promise<void> {
	const told = new Set<string>();
	for (const work of works) {
		work.catch(({message}: Error) => {
			if (!told.has(message)) {
				told.add(message);
				say(`✖ ${message}`);
			}
		});
	}

	const ends = await Promise.allSettled(works);
	const reasons = ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason?.message ?? end.reason)] : []));
	if (reasons.length > 0) {
		throw new Error([...new Set(reasons)].join('\n'));
	}
}

function testFiles(wanted: (path: string) => boolean): string[] {
	const files = globSync('test/**/*.test.{ts,tsx}', {cwd: root});
	return files.filter((path) => wanted(path) && path.includes(options.only)).sort();
}

/** Node's own runner. A file that hangs is ended and counted as failed: a machine that runs the tests alone must come to an end. */
function testCall(files: string[]): string[] {
	return [
		...['load-types', 'seed'].map((name) => `--import=${join(root, `test/_helpers/${name}.ts`)}`),
		'--test',
		'--test-timeout=900000',
		...files,
	];
}

async function unitTests(): Promise<void> {
	const files = testFiles((path) => !path.startsWith('test/e2e/'));
	if (files.length === 0) {
		throw new Error(`no test file matches ${JSON.stringify(options.only)}`);
	}

	// Node would leave one of the CPUs free, of two that is half.
	const concurrency = `--test-concurrency=${availableParallelism()}`;
	// React as it is shipped: in its other form the screens take half as much time again.
	const env = {NODE_ENV: 'production'};
	await step('unit tests', async () => {
		const {failed} = await runChild(process.execPath, [concurrency, ...testCall(files)], {env, quiet: false});
		if (failed !== undefined) {
			throw new Error(`tests failed (${failed})`);
		}
	});
}

function reportCommits(): void {
	const checked = checkCommits(root);
	if ('skipped' in checked) {
		say(`  skipped: ${checked.skipped}`);
	} else if (checked.faults.length > 0) {
		throw new Error(`commit subjects (docs/contributing.md):\n${checked.faults.join('\n')}`);
	}
}

async function reportAudit(): Promise<void> {
	const found = await audit(interrupted.signal);
	if ('unanswered' in found) {
		say(`  skipped: the registry does not answer npm audit: ${found.unanswered}`);
		return;
	}

	for (const line of found.others) {
		say(`  ${line}`);
	}

	if (found.bundled.length > 0) {
		throw new Error(`known vulnerabilities in the bundle:\n${found.bundled.join('\n')}`);
	}
}

/** A tool whose output matters only when it fails. */
async function quietly(file: string, arguments_: string[]): Promise<void> {
	const {failed, output} = await runChild(file, arguments_, {env: {}, quiet: true});
	if (failed !== undefined) {
		process.stdout.write(output);
		throw new Error(`${file} ${arguments_.join(' ')}: ${failed}`);
	}
}

async function runChild(
	file: string,
	arguments_: string[],
	{env, quiet}: {env: NodeJS.ProcessEnv; quiet: boolean},
): Promise<{failed: string | undefined; output: string}> {
	interrupted.signal.throwIfAborted();
	const child = spawn(file, arguments_, {
		cwd: root,
		stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
		env: {...process.env, PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter), ...env},
	});
	let output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream?.setEncoding('utf8').on('data', (text: string) => {
			output += text;
		});
	}

	const stop = () => child.kill();
	interrupted.signal.addEventListener('abort', stop);
	const failed = await new Promise<string | undefined>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
	});
	interrupted.signal.removeEventListener('abort', stop);
	interrupted.signal.throwIfAborted();
	return {failed, output};
}

async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
	const start = performance.now();
	say(`• ${name}`);
	const result = await work();
	say(`✔ ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
	return result;
}

function say(line: string): void {
	process.stdout.write(`${line}\n`);
}
