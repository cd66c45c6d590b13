import {Duplex} from 'node:stream';

export type ShellWorld = {
	user: string;
	hostname: string;
	files: string[];
	/** The output of nvidia-smi and its exit code; missing where the box has no cards. */
	nvidiaSmi?: () => Promise<Answer>;
};

export type Answer = {output: string; exitCode: number};

export type ShellEnd = {exitCode: number; detached: boolean};

/** A simulated shell: it has a few commands and changes nothing. Its output has `\r\n`, as on a terminal. */
export class PretendShell extends Duplex {
	readonly ended: Promise<ShellEnd>;
	readonly #end: (end: ShellEnd) => void;
	readonly #world: ShellWorld;
	#line = '';
	#lastKey = '';
	#lastCode = 0;
	// Output is in the order of the input lines, also when a command takes a while.
	#work: Promise<void> = Promise.resolve();

	constructor(world: ShellWorld) {
		// When the shell ends there is no reader left: the stream closes like one of the engine.
		super({decodeStrings: true, allowHalfOpen: false});
		const {promise, resolve} = Promise.withResolvers<ShellEnd>();
		this.ended = promise;
		this.#end = resolve;
		this.#world = world;
		this.push('This box and its shell are simulated. Commands: nvidia-smi, ls, help and exit.\r\n');
		this.#prompt();
	}

	override _read(): void {}

	override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
		for (const key of chunk.toString('utf8')) {
			this.#work = this.#work.then(async () => this.#press(key));
		}

		void this.#work.then(() => done());
	}

	override _final(done: () => void): void {
		void this.#work.then(() => {
			this.#finish({exitCode: this.#lastCode, detached: false});
			done();
		});
	}

	/** The user detached, and it keeps running. */
	override _destroy(error: Error | null, done: (error: Error | null) => void): void {
		this.#end({exitCode: 0, detached: true});
		done(error);
	}

	#prompt(): void {
		this.push(`\u001B[1;32m${this.#world.user}@${this.#world.hostname}\u001B[0m:\u001B[1;34m/workspace\u001B[0m$ `);
	}

	#finish(end: ShellEnd): void {
		if (!this.readableEnded && !this.destroyed) {
			this.push(null);
		}

		this.#end(end);
	}

	async #press(key: string): Promise<void> {
		if (this.readableEnded) {
			return;
		}

		const before = this.#lastKey;
		this.#lastKey = key;
		if (before === '\u0010' && key === '\u0011') {
			this.#finish({exitCode: 0, detached: true});
		} else if (key === '\r' || key === '\n') {
			this.push('\r\n');
			const line = this.#line.trim();
			this.#line = '';
			await this.#run(line);
		} else if (key === '\u0003') {
			this.#line = '';
			this.#lastCode = 130;
			this.push('^C\r\n');
			this.#prompt();
		} else if (key === '\u0004') {
			if (this.#line === '') {
				this.push('exit\r\n');
				this.#finish({exitCode: this.#lastCode, detached: false});
			}
		} else if (key === '\u007F' || key === '\b') {
			if (this.#line !== '') {
				this.#line = [...this.#line].slice(0, -1).join('');
				this.push('\b \b');
			}
		} else if (key >= ' ') {
			this.#line += key;
			this.push(key);
		}
	}

	async #run(line: string): Promise<void> {
		const [command = '', ...rest] = line.split(/\s+/);
		if (command === 'exit' || command === 'logout') {
			const given = Number(rest[0] ?? this.#lastCode);
			this.#finish({exitCode: Number.isInteger(given) ? given & 255 : 2, detached: false});
			return;
		}

		if (command !== '') {
			const {output, exitCode} = await answer(command, rest, this.#world);
			this.#lastCode = exitCode;
			this.push(output.replace(/\r?\n/g, '\r\n'));
		}

		this.#prompt();
	}
}

/** What one command prints and ends with. */
export async function answer(command: string, rest: string[], world: ShellWorld): Promise<Answer> {
	switch (command) {
		case 'ls': {
			return {output: `${world.files.join('  ')}\n`, exitCode: 0};
		}

		case 'pwd': {
			return {output: '/workspace\n', exitCode: 0};
		}

		case 'whoami': {
			return {output: `${world.user}\n`, exitCode: 0};
		}

		case 'hostname': {
			return {output: `${world.hostname}\n`, exitCode: 0};
		}

		case 'echo': {
			return {output: `${rest.join(' ')}\n`, exitCode: 0};
		}

		case 'true': {
			return {output: '', exitCode: 0};
		}

		case 'false': {
			return {output: '', exitCode: 1};
		}

		case 'nvidia-smi': {
			return world.nvidiaSmi === undefined ? notFound(command) : world.nvidiaSmi();
		}

		case 'help': {
			return {output: 'ls  pwd  whoami  hostname  echo  nvidia-smi  exit\n', exitCode: 0};
		}

		default: {
			return notFound(command);
		}
	}
}

function notFound(command: string): Answer {
	return {output: `bash: ${command}: command not found (this box is simulated)\n`, exitCode: 127};
}
