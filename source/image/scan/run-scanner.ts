import {spawn} from 'node:child_process';
import {accessSync, constants, statSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {Failure} from '../../base/failure.ts';
import {endGroup, ownGroup} from '../../base/process/process-group.ts';
import {safeText} from '../../text/safe.ts';
import type {Finding} from './finding.ts';
import {type ScannerName, scannerNames} from './scanner-names.ts';
import {type Scannable, type Scanner, scanners} from './scanners.ts';

/** A first scan downloads a database and reads an image of many GB. */
const patience = {seconds: 1800, bytes: 256 * 1024 ** 2};

/** Folders that a short PATH (sudo, cron) lacks. */
const usualFolders = ['/usr/local/bin', '/usr/bin', '/bin', '/snap/bin'];

/** The first of the scanners that is installed. @returns its name and its file */
export function findScanner(
	environment: NodeJS.ProcessEnv,
	names: readonly ScannerName[] = scannerNames,
): {scanner: Scanner; file: string} | undefined {
	const folders = [...(environment.PATH ?? '').split(delimiter).filter(Boolean), ...usualFolders];
	for (const name of names) {
		const file = folders.map((folder) => join(folder, name)).find(isProgram);
		if (file !== undefined) {
			return {scanner: scanners[name], file};
		}
	}

	return undefined;
}

function isProgram(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return statSync(path).isFile();
	} catch {
		return false;
	}
}

export type RunScannerOptions = {
	/** Of the engine that has the image: `unix:///var/run/docker.sock`. */
	engineAddress: string;
	environment: NodeJS.ProcessEnv;
	/** For tests. */
	limits?: {seconds: number; bytes: number};
	signal: AbortSignal;
};

/**
Runs a scanner on an image and reads its report.

@throws Failure with the scanner's own last line, and for one that cannot look into this image, takes too long or prints too much; the
reason of the signal
*/
export async function runScanner(
	{scanner, file}: {scanner: Scanner; file: string},
	image: Scannable,
	options: RunScannerOptions,
): Promise<Finding[]> {
	const words = scanner.arguments(image);
	if (words === undefined) {
		throw new Failure(`${scanner.name} cannot scan ${image.id.slice(0, 19)}: ${scanner.needs}.`, {
			fix: 'Use trivy or grype, or push the image first.',
		});
	}

	const report = await output(file, words, scanner.name, options);
	try {
		return scanner.read(report);
	} catch (error) {
		throw new Failure(`${scanner.name} gave no usable answer: ${(error as Error).message}.`, {
			fix: `To see it: ${scanner.name} ${words.join(' ')}`,
			cause: error,
		});
	}
}

async function output(
	file: string,
	words: readonly string[],
	name: string,
	{engineAddress, environment, limits = patience, signal}: RunScannerOptions,
): Promise<string> {
	signal.throwIfAborted();
	// A process group of its own, so that what it started ends with it.
	const child = spawn(file, words, {
		stdio: ['ignore', 'pipe', 'pipe'],
		detached: true,
		env: {...environment, DOCKER_HOST: engineAddress, NO_COLOR: '1'},
	});
	ownGroup(child);
	const over = Promise.withResolvers<void>();
	const chunks: Buffer[] = [];
	let size = 0;
	let errors = '';
	child.stdout.on('data', (chunk: Buffer) => {
		chunks.push(chunk);
		size += chunk.length;
		if (size > limits.bytes) {
			over.reject(new Failure(`${name} printed more than ${limits.bytes / 1024 ** 2} MiB, and was ended.`));
		}
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		errors = (errors + text).slice(-4000);
	});
	child.once('error', (error) => over.reject(new Failure(`${name} cannot be started: ${error.message}`)));
	child.once('close', (code, ended) => {
		if (code === 0) {
			over.resolve();
			return;
		}

		const lines = errors.split('\n').map(safeText).filter(Boolean);
		over.reject(
			new Failure(`${name} failed: ${lines.at(-1) ?? (ended === null ? `exit code ${code}` : `ended by ${ended}`)}`, {
				fix: `To see all of it: ${name} ${words.join(' ')}`,
				details: lines.slice(-5, -1),
			}),
		);
	});
	const giveUp = setTimeout(
		() => over.reject(new Failure(`${name} did not end within ${limits.seconds} s, and was ended.`)),
		limits.seconds * 1000,
	);
	const abort = () => over.reject(signal.reason);
	signal.addEventListener('abort', abort);
	try {
		await over.promise;
		return Buffer.concat(chunks).toString('utf8');
	} finally {
		signal.removeEventListener('abort', abort);
		clearTimeout(giveUp);
		child.stdout.destroy();
		await endGroup(child);
	}
}
