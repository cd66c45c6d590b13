/** How verbs are declared: what `verb` adds to a command, and how values of options are read. */
import {type Command, type CommandUnknownOpts, InvalidArgumentError} from '@commander-js/extra-typings';
import {exitCode, Failure} from './base/failure.ts';
import {homeFolder} from './base/home.ts';
import {findEngineAddress} from './engine/address.ts';
import {askForwarded} from './engine/forwarded.ts';
import {runVerb} from './run-verb.ts';

/** What a verb is run with: its arguments in order, its options together with the program's own. */
export type Call<Arguments extends unknown[], Options> = {
	args: Arguments;
	options: Options & {host: string | undefined};
	/** The verb's name, or one of its other names. */
	invokedAs: string;
	/** The verb with its options and arguments as words of a command line, without the program's options and those named. */
	words: (without: readonly string[]) => string[];
	signal: AbortSignal;
};

/** @param run loads the verb's code; a number that it returns is the exit code */
export function verb<Arguments extends unknown[], Options extends Record<string, unknown>>(
	command: Command<Arguments, Options>,
	run: (call: Call<Arguments, Options>) => Promise<unknown>,
): CommandUnknownOpts {
	const given = () => (command.parent?.opts() as {host?: string} | undefined)?.host;
	let host: string | undefined;
	command.action(() =>
		runVerb(
			async (signal) => {
				refuseReadOnly(command);
				const args = command.processedArgs as Arguments;
				host = given();
				if (host !== undefined) {
					const {resolveHost} = await import('./app/hosts/listed.ts');
					host = await resolveHost(host);
				}

				await askForwarded(host, signal);
				const code = await run({
					args,
					options: {...command.opts(), host},
					invokedAs: invokedAs(command),
					words: (without) => wordsOf(command as unknown as CommandUnknownOpts, without),
					signal,
				});
				return typeof code === 'number' ? code : undefined;
			},
			() => hostAddress(host ?? given()),
		),
	);
	return command as unknown as CommandUnknownOpts;
}

/** A verb is run in order to do what it does. */
function refuseReadOnly({parent}: Pick<CommandUnknownOpts, 'parent'>): void {
	if ((parent?.opts() as {readOnly?: boolean} | undefined)?.readOnly) {
		throw new Failure('--read-only is an option of the session, which opens without a command.', {
			fix: 'Leave out the option, or the command.',
			exitCode: exitCode.usage,
		});
	}
}

/** @param without names of options: `dryRun` */
export function wordsOf(command: CommandUnknownOpts, without: readonly string[]): string[] {
	const options = command.options.flatMap((option): string[] => {
		const name = option.attributeName();
		const {long} = option;
		const value: unknown = command.getOptionValue(name);
		if (without.includes(name) || !long || command.getOptionValueSource(name) !== 'cli') {
			return [];
		}

		// `--wait` and `--no-wait` are two options of one name.
		if (typeof value === 'boolean') {
			return value === option.negate ? [] : [long];
		}

		return option.negate ? [] : [value].flat().map((each) => `${long}=${String(each)}`);
	});
	const values = (command.processedArgs as unknown[]).flat().filter((value) => value !== undefined);
	return [command.name(), ...options, '--', ...values.map(String)];
}

/** The verb with its options alone. */
export function verbOf(words: Call<unknown[], object>['words']): string[] {
	const all = words([]);
	return all.slice(0, all.indexOf('--'));
}

/** The first operand of the program. */
function invokedAs(command: Pick<CommandUnknownOpts, 'name' | 'parent'>): string {
	return command.parent?.args[0] ?? command.name();
}

/** For messages: where the engine was looked for. */
function hostAddress(host: string | undefined): string {
	try {
		return findEngineAddress(process.env, homeFolder(process.env), host).url;
	} catch {
		// A context that does not exist has its own message.
		return host ?? 'the engine';
	}
}

/** For an option that may be given several times. */
export function collect(value: string, previous: string[] | undefined): string[] {
	return [...(previous ?? []), value];
}

export function toPort(text: string): number {
	const port = Number(text);
	if (!Number.isInteger(port) || port < 1 || port > 65_535) {
		throw new InvalidArgumentError('A port is a whole number from 1 to 65535.');
	}

	return port;
}

export function toCount(text: string): number {
	const count = Number(text);
	if (!Number.isInteger(count) || count < 0) {
		throw new InvalidArgumentError('It must be a whole number.');
	}

	return count;
}

export function toOneOrMore(text: string): number {
	const count = Number(text);
	if (!Number.isInteger(count) || count < 1) {
		throw new InvalidArgumentError('It must be a whole number, 1 or more.');
	}

	return count;
}

/** For torchrun. */
export function toProcessesPerNode(text: string): number | 'auto' {
	return text === 'auto' ? text : toOneOrMore(text);
}

/** A shell of `gpubox attach`. */
export function toShellNumber(text: string): number {
	if (!/^[1-9]\d{0,5}$/.test(text)) {
		throw new InvalidArgumentError('It must be the number of a shell, from 1.');
	}

	return Number(text);
}

export function toProcesses(text: string): number {
	const count = Number(text);
	// Fewer are not enough for a box to start.
	if (!Number.isInteger(count) || count < 16) {
		throw new InvalidArgumentError('It must be a whole number, 16 or more.');
	}

	return count;
}

export function toPositive(text: string): number {
	const value = Number(text);
	if (!(Number.isFinite(value) && value > 0)) {
		throw new InvalidArgumentError('It must be a number above 0.');
	}

	return value;
}
