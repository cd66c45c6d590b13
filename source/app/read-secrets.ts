import {exitCode, Failure} from '../base/failure.ts';
import {homeFolder} from '../base/home.ts';
import {readAtMost, readSmallFile} from '../base/small-file.ts';
import {parseSecret, type SecretRequest, type SecretSource} from '../box/files/secrets.ts';
import type {UpFlags} from '../box/plan/request.ts';
import {reservedVariable} from '../settings/reserved.ts';
import {expandHome} from '../text/home-path.ts';

/**
What --secret and --secret-env ask for, and `names`, which the project asks for.

@param options whether a person can be asked
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
		throw new Failure(`--secret-env ${own.name}: ${own.name} is set by gpubox itself.`, {
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

	// `up` may begin again when somebody else was quicker: stdin and a prompt give their answer once only.
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
		// What gpubox starts from here on (nvidia-smi, ssh, a browser) has no need to know.
		delete process.env[name];
		return Buffer.from(value);
	}

	if (!ask) {
		throw new Failure(`The secret ${name} is not in your environment, and there is nobody to ask for it here.`, {
			fix: `Set the variable ${name}, or name a file: --secret ${name}=FILE`,
			exitCode: exitCode.usage,
		});
	}

	const {askHidden} = await import('./prompt.ts');
	return Buffer.from(await askHidden(`${name} (what you type is not shown): `, signal));
}

/** Far more than any key or login. */
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
		// Not the path: somebody may have written the secret in its place.
		throw new Failure(`The file given for the secret ${name} cannot be read (${code ?? message}).`, {
			fix: `--secret takes NAME=FILE, not the secret itself: its place is the variable ${name}, or the prompt.`,
			exitCode: exitCode.usage,
		});
	}
}
