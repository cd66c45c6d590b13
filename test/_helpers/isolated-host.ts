import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import type {TestHost} from './test-host/index.ts';

type Deed = {what: 'write' | 'connect' | 'run'; where: string};

export type LoneHost = AsyncDisposable & {
	host: TestHost;
	/** For a program's environment: what it does is written down, and its temporary folders are here. */
	environment: Record<string, string>;
	/** The folder of its temporary folders. */
	temporary: string;
	/** What programs did so far. */
	deeds: () => Deed[];
	/** How often somebody knocked at the engine's socket. */
	knocks: () => number;
};

/** A host whose engine only counts who wants to talk to it, for programs that are to leave it alone. Needs the built gpubox. */
export async function makeLoneHost(): Promise<LoneHost> {
	const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
	if (!existsSync(cli)) {
		throw new Error('gpubox is not built: npm run build');
	}

	const folder = mkdtempSync(join(tmpdir(), 'gpubox-lone-'));
	const temporary = mkdtempSync(join(folder, 'tmp-'));
	const socket = join(folder, 'docker.sock');
	const log = join(folder, 'deeds');
	const code = join(folder, 'code');
	let knocks = 0;
	const server = createServer((connection) => {
		knocks += 1;
		connection.destroy();
	});
	await new Promise<void>((resolve) => server.listen(socket, resolve));
	return {
		host: {
			address: `unix://${socket}`,
			images: {} as TestHost['images'],
			uid: process.getuid?.() ?? 0,
			gid: process.getgid?.() ?? 0,
			folder,
			program: {node: process.execPath, cli},
		},
		environment: {
			TMPDIR: temporary,
			NODE_COMPILE_CACHE: code,
			NODE_OPTIONS: `--import=${pathToFileURL(fileURLToPath(new URL('probe.mjs', import.meta.url)))}`,
			GPUBOX_TEST_PROBE: log,
		},
		temporary,
		deeds: () =>
			existsSync(log)
				? readFileSync(log, 'utf8')
						.split('\n')
						.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Deed]))
						// What was compiled of the program may be kept there, and says nothing of what it does.
						.filter(({where}) => !where.startsWith(code))
				: [],
		knocks: () => knocks,
		async [Symbol.asyncDispose]() {
			await new Promise((resolve) => server.close(resolve));
			rmSync(folder, {recursive: true, force: true});
		},
	};
}
