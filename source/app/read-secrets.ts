import {exitCode, Failure} from '../base/failure.ts';
import {homeFolder} from '../base/home.ts';
import {readAtMost, readSmallFile} from '../base/small-file.ts';
import {parseSecret, type SecretRequest, type SecretSource} from '../box/files/secrets.ts';
import type {UpFlags} from '../box/plan/request.ts';
import {reservedVariable} from '../settings/reserved.ts';
import {expandHome} from '../text/home-path.ts';

/**
The secrets of --secret and --secret-env, and `names`, those that the project requests.

@param options whether the user can be asked
@returns the secrets for the request, and where their values come from
@throws Failure (usage)
*/
export function secretsOf(
	{secret = [], secretEnv = []}: Pick<UpFlags, 'secret' | 'secretEnv'>,
	names: readonly string[],
	options: {ask: boolean; signal: AbortSignal},
): {requests: SecretRequest[]; source: SecretSource} {
	const given = [
		...secret.map((text) => ({...parseSecret(text, '--secret'), variable: false})),
		...secretEnv.map((text) => ({...parseSecret(text, '--secret-env'), variable: true})),
	];
	const own = given.find(({name, variable}) => variable && reservedVariable(name) !== undefined);
	if (own) {
		throw new Failure(`--secret-env ${own.name}: ${own.name} is reserved for gpubox.`, {
			fix: `As a file only: --secret ${own.name}`,
			exitCode: exitCode.usage,
		});
	}

	const requests = new Map<string, SecretRequest>(names.map((name) => [name, {name, variable: false}]));
	const files = new Map<string, string>();
	for (const {name, file, variable} of given) {
		requests.set(name, {name, variable: variable || (requests.get(name)?.variable ?? false)});
		if (file !== undefined) {
			files.set(name, file);
		}
	}

	// `up` may retry after losing a race: stdin and a prompt give their answer only once.
	const values = new Map<string, Promise<Buffer>>();
	return {
		requests: [...requests.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
		source: {
			given: given.map(({name}) => name),
			async read(wanted) {
				const read = new Map<string, Buffer>();
				for (const name of wanted) {
					const value = values.get(name) ?? readSecret(name, files.get(name), options);
					values.set(name, value);
					read.set(name, await value);
				}

				return read;
			},
		},
	};
}

/**
The values that are at hand without asking anyone, in variables and in the files given, by name: where others bring the secrets, and these are only
to be kept out of what is written. Nothing is told of a file that cannot be read.

@param names of all secrets that are used
*/
export function knownSecrets(
	{secret = [], secretEnv = []}: Pick<UpFlags, 'secret' | 'secretEnv'>,
	names: readonly string[],
	environment: NodeJS.ProcessEnv = process.env,
): Map<string, Buffer> {
	const given = [
		...secret.map((text) => parseSecret(text, '--secret')),
		...secretEnv.map((text) => parseSecret(text, '--secret-env')),
	];
	const known = new Map<string, Buffer>();
	for (const name of names) {
		const file = given.findLast((each) => each.name === name && each.file !== undefined)?.file;
		const value = file === undefined || file === '-' ? Buffer.from(environment[name] ?? '') : fileIfReadable(file);
		if (value !== undefined && value.length > 0) {
			known.set(name, value);
		}
	}

	return known;
}

function fileIfReadable(file: string): Buffer | undefined {
	try {
		return readSmallFile(expandHome(file, homeFolder(process.env)), {maxBytes: largestSecret});
	} catch {
		return undefined;
	}
}

async function readSecret(
	name: string,
	file: string | undefined,
	{ask, signal}: {ask: boolean; signal: AbortSignal},
): Promise<Buffer> {
	if (file !== undefined) {
		return readSecretFile(name, file);
	}

	const value = process.env[name];
	if (value) {
		// Programs that gpubox starts from here on (nvidia-smi, ssh, a browser) do not need it.
		delete process.env[name];
		return Buffer.from(value);
	}

	if (!ask) {
		throw new Failure(`The secret ${name} is not in your environment, and this is not a terminal.`, {
			fix: `Set the variable ${name}, or pass a file: --secret ${name}=FILE`,
			exitCode: exitCode.usage,
		});
	}

	const {askHidden} = await import('./prompt.ts');
	return Buffer.from(await askHidden(`${name} (input is hidden): `, signal));
}

/** Far larger than any key or password. */
const largestSecret = 1024 * 1024;

/** A file as it is; of a pipe not the line break that nearly every program ends with. */
function readSecretFile(name: string, file: string): Buffer {
	try {
		if (file === '-') {
			return Buffer.from(
				readAtMost(0, largestSecret)
					.toString('utf8')
					.replace(/\r?\n$/, ''),
			);
		}

		return readSmallFile(expandHome(file, homeFolder(process.env)), {
			maxBytes: largestSecret,
			pipes: true,
		});
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		// Without the path: the user may have typed the secret in its place.
		throw new Failure(`The file given for the secret ${name} cannot be read (${code ?? message}).`, {
			fix: `--secret takes NAME=FILE, not the value. To pass the value, set the variable ${name} or use the prompt.`,
			exitCode: exitCode.usage,
		});
	}
}
