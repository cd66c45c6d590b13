import {spawn} from 'node:child_process';
import {exitCode, Failure} from '../../base/failure.ts';
import {endGroup, ownGroup} from '../../base/process/process-group.ts';
import {shellQuote} from '../../text/shell-quote.ts';
import {NoAnswer} from './place.ts';

export type Answer = {
	/** 127 when there is no such program. */
	code: number;
	stdout: string;
	stderr: string;
};

type CommandOptions = {
	signal?: AbortSignal | undefined;
	/** Where it runs, on the machine that runs it. */
	cwd?: string;
	input?: string;
	/** Added to the environment. */
	environment?: Readonly<Record<string, string>>;
};

/** Programs of a place: on this machine, or on one that ssh leads to. */
export type Commands = {
	/** For sentences: `this machine`, or the machine's name. */
	machine: string;
	/** Runs a program to its end. @throws NoAnswer when it takes too long, or ssh fails; the signal's reason */
	run(words: readonly string[], options?: CommandOptions): Promise<Answer>;
	/** What a program prints, while it does; the signal ends it. @throws NoAnswer when it fails without a word */
	stream(words: readonly string[], signal: AbortSignal): AsyncGenerator<Buffer>;
};

/** A scheduler that takes longer is as good as away. */
const patienceMs = 20_000;
/** No answer that gpubox asks for is larger. */
const largestBytes = 16 * 1024 ** 2;

export const here: Commands = {
	machine: 'this machine',
	run: (words, options = {}) => runToEnd(words, options),
	stream: streamOf,
};

/**
@param address `ssh://user@machine:port`
@throws Failure (usage) for anything else
*/
export function over(address: string): Commands {
	const url = URL.canParse(address) ? new URL(address) : undefined;
	if (url?.protocol !== 'ssh:' || url.hostname === '') {
		throw new Failure(`"${address}" is not an address of ssh.`, {
			fix: 'Write it as ssh://user@machine: the login node of the cluster.',
			exitCode: exitCode.usage,
		});
	}

	const {username, hostname, port} = url;
	const destination = username ? `${decodeURIComponent(username)}@${hostname}` : hostname;
	const ssh = ['ssh', '-T', '-o', 'BatchMode=yes', ...(port ? ['-p', port] : []), '--', destination];
	return {
		machine: hostname,
		async run(words, {cwd, environment = {}, ...options} = {}) {
			const answer = await runToEnd([...ssh, remoteLine(words, {cwd, environment})], options);
			if (answer.code === 255) {
				throw new NoAnswer(answer.stderr.trim().split('\n').at(-1) || 'ssh ended with 255');
			}

			return answer;
		},
		stream: (words, signal) => streamOf([...ssh, remoteLine(words, {cwd: undefined, environment: {}})], signal),
	};
}

/**
One word that every login shell passes to sh unchanged. Schedulers often are on the PATH of logins only, which /etc/profile sets. Pure.
*/
export function remoteLine(
	words: readonly string[],
	{cwd, environment}: {cwd: string | undefined; environment: Readonly<Record<string, string>>},
): string {
	const [program = ''] = words;
	const script = [
		`command -v ${shellQuote(program)} >/dev/null 2>&1 || { [ -r /etc/profile ] && . /etc/profile >/dev/null 2>&1; }`,
		...(cwd === undefined ? [] : [`cd ${shellQuote(cwd)} || exit 126`]),
		`exec ${['env', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`), ...words].map(shellQuote).join(' ')}`,
	].join('\n');
	return `exec sh -c ${shellQuote(script)}`;
}

async function* streamOf([program = '', ...words]: readonly string[], signal: AbortSignal): AsyncGenerator<Buffer> {
	if (signal.aborted) {
		return;
	}

	const child = spawn(program, words, {stdio: ['ignore', 'pipe', 'pipe'], detached: true});
	ownGroup(child);
	const failed = new Promise<string | undefined>((resolve) => {
		let said = '';
		child.stderr.setEncoding('utf8').on('data', (text: string) => {
			said = `${said}${text}`.slice(-4096);
		});
		child.once('error', (error) => resolve(error.message));
		child.once('close', (code) => resolve(code === 0 ? undefined : said.trim() || `${program} ended with ${code}`));
	});
	const end = () => {
		endGroup(child).catch(() => {});
	};
	signal.addEventListener('abort', end, {once: true});
	try {
		for await (const data of child.stdout) {
			yield data as Buffer;
		}

		const why = await failed;
		if (why !== undefined && !signal.aborted) {
			throw new NoAnswer(why);
		}
	} finally {
		signal.removeEventListener('abort', end);
		end();
	}
}

function runToEnd(
	[program = '', ...words]: readonly string[],
	{signal, cwd, input, environment}: CommandOptions,
): Promise<Answer> {
	signal?.throwIfAborted();
	return new Promise((resolve, reject) => {
		const child = spawn(program, words, {
			...(cwd === undefined ? {} : {cwd}),
			env: {...process.env, ...environment},
			stdio: ['pipe', 'pipe', 'pipe'],
			// Ctrl-C in the terminal is gpubox's to handle.
			detached: true,
			timeout: patienceMs,
			killSignal: 'SIGKILL',
			...(signal ? {signal} : {}),
		});
		const output = {stdout: [] as Buffer[], stderr: [] as Buffer[]};
		let size = 0;
		for (const name of ['stdout', 'stderr'] as const) {
			child[name].on('data', (part: Buffer) => {
				size += part.length;
				if (size <= largestBytes) {
					output[name].push(part);
				}
			});
		}

		// A program that ends without reading its input closes the pipe.
		child.stdin.on('error', () => {});
		child.stdin.end(input ?? '');
		child.once('error', (error: NodeJS.ErrnoException) => {
			if (signal?.aborted) {
				reject(signal.reason);
			} else if (error.code === 'ENOENT' || error.code === 'EACCES') {
				resolve({code: 127, stdout: '', stderr: `${program}: ${error.code}`});
			} else {
				reject(error);
			}
		});
		child.once('close', (code) => {
			if (code === null) {
				reject(
					signal?.aborted ? signal.reason : new NoAnswer(`${program} did not answer within ${patienceMs / 1000} s`),
				);
			} else {
				const text = (name: 'stdout' | 'stderr') => Buffer.concat(output[name]).toString('utf8');
				resolve({code, stdout: text('stdout'), stderr: text('stderr')});
			}
		});
	});
}

/** The first line of what a program complained about, without its own name in front. */
export function complaint({stderr, stdout, code}: Answer): string {
	const lines = `${stderr}\n${stdout}`.split('\n').map((line) => line.trim());
	const line = lines.find((each) => /error|denied|invalid|refused/i.test(each)) ?? lines.find((each) => each !== '');
	return line?.replace(/^\w+: (?:error: )?/, '') ?? `it ended with exit code ${code}`;
}
