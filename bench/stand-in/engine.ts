/**
Answers as a Docker Engine that has a number of containers, at once and at no cost worth measuring: what is measured against it is
gpubox alone, and as many containers as wanted are there without a machine that could run them. `node bench/stand-in/engine.ts SOCKET COUNT`
serves until it is ended.

One box, `bench-0`, prints lines as fast as they are read once its log is followed, where LINES is given: that many a second, or `full`.
*/
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';

export type StandInEngine = {
	server: Server;
	/** Every request so far, as `GET /containers/json`: without its query and with `ID` for an id. */
	requests: string[];
	close(): void;
};

/**
@param lines how many lines a second the log of the first box prints while it is followed; Infinity: as fast as they are read
*/
export async function serveEngine(
	socket: string,
	{containers, lines = 0}: {containers: number; lines?: number},
): Promise<StandInEngine> {
	const rows = Array.from({length: containers}, (_, index) => containerRow(index));
	const list = JSON.stringify(rows);
	const requests: string[] = [];
	const server = createServer((request, response) => {
		const path = (request.url ?? '').replace(/^\/v\d[^/]*/, '').replace(/\?.*/, '');
		requests.push(`${request.method} ${path.replace(/[0-9a-f]{64}/, 'ID')}`);
		answer(path, request, response);
	});

	const answer = (path: string, request: IncomingMessage, response: ServerResponse) => {
		const json = (body: string) => response.setHeader('content-type', 'application/json').end(body);
		const [, id] = /^\/containers\/([0-9a-f]{64})\//.exec(path) ?? [];
		const row = rows.find(({Id}) => Id === id);
		if (path === '/containers/json') {
			json(list);
		} else if (path === '/info') {
			json(JSON.stringify(info(containers)));
		} else if (path === '/version') {
			json(JSON.stringify({Version: '28.2.2', ApiVersion: '1.50', MinAPIVersion: '1.24', Os: 'linux', Arch: 'amd64'}));
		} else if (path === '/_ping') {
			response.setHeader('api-version', '1.50').end('OK');
		} else if (path === '/images/json') {
			json(JSON.stringify([image()]));
		} else if (path === '/events') {
			response.flushHeaders();
		} else if (row !== undefined && path.endsWith('/json')) {
			json(JSON.stringify(containerDetail(row)));
		} else if (row !== undefined && path.endsWith('/stats')) {
			printUse(response);
		} else if (row !== undefined && path.endsWith('/logs')) {
			printLog(request, response, row === rows[0] ? lines : 0);
		} else {
			response.writeHead(404).end(JSON.stringify({message: 'no such thing here'}));
		}
	};

	await new Promise<void>((resolve) => {
		server.listen(socket, resolve);
	});
	return {
		server,
		requests,
		close() {
			server.closeAllConnections();
			server.close();
		},
	};
}

type Row = ReturnType<typeof containerRow>;

/** 1 in 4 has ended, as on a machine in use. */
function containerRow(index: number) {
	const running = index % 4 !== 3;
	const id = (index + 1).toString(16).padStart(8, '0').repeat(8);
	return {
		Id: id,
		Names: [`/gpubox-bench-${index}`],
		Image: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
		ImageID: `sha256:${'5e'.repeat(32)}`,
		Command: 'sleep infinity',
		Created: 1_790_000_000 - index,
		State: running ? 'running' : 'exited',
		Status: running ? 'Up 2 hours' : 'Exited (0) 2 hours ago',
		Labels: {
			'gpubox.name': `bench-${index}`,
			'gpubox.owner': `owner${index % 4}`,
			'gpubox.project': `/projects/${index}`,
			'gpubox.services': 'jupyter',
			'gpubox.gpus': '',
			'gpubox.image': 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
		},
		Ports: running ? [{IP: '127.0.0.1', PrivatePort: 8888, PublicPort: 20_000 + index, Type: 'tcp'}] : [],
		Mounts: [{Type: 'bind', Source: `/projects/${index}`, Destination: '/workspace', RW: true}],
	};
}

function containerDetail({Id, Names, ImageID, State, Image, Labels}: Row) {
	const startedAt = '2026-01-31T09:00:00.123456789Z';
	return {
		Id,
		Name: Names[0],
		Created: startedAt,
		Image: ImageID,
		State: {Status: State, ExitCode: 0, OOMKilled: false, StartedAt: startedAt, FinishedAt: '0001-01-01T00:00:00Z'},
		Config: {Image, Labels, Tty: false},
		HostConfig: {Init: true},
		Mounts: [],
	};
}

function info(containers: number) {
	return {
		ServerVersion: '28.2.2',
		Architecture: 'x86_64',
		DockerRootDir: '/var/lib/docker',
		NCPU: 64,
		MemTotal: 512 * 2 ** 30,
		Name: 'bench',
		Containers: containers,
		Runtimes: {runc: {}, nvidia: {}},
		SecurityOptions: ['name=seccomp,profile=builtin', 'name=cgroupns'],
		DefaultRuntime: 'runc',
		LoggingDriver: 'json-file',
		CgroupVersion: '2',
		MemoryLimit: true,
		CpuCfsQuota: true,
		PidsLimit: true,
	};
}

function image() {
	return {
		Id: `sha256:${'5e'.repeat(32)}`,
		RepoTags: ['pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime'],
		RepoDigests: [],
		Size: 7_000_000_000,
		Created: 1_755_000_000,
		Labels: {},
	};
}

/** Once a second, as the engine does. */
function printUse(response: ServerResponse): void {
	let seconds = 0;
	const print = () => {
		const cpu = (at: number) => ({
			cpu_usage: {total_usage: at * 300_000_000},
			system_cpu_usage: at * 64_000_000_000,
			online_cpus: 64,
		});
		seconds++;
		response.write(
			`${JSON.stringify({
				read: new Date().toISOString(),
				cpu_stats: cpu(seconds),
				precpu_stats: cpu(seconds - 1),
				memory_stats: {usage: 3e9 + seconds * 1e6, limit: 512 * 2 ** 30, stats: {inactive_file: 1e8}},
				networks: {eth0: {rx_bytes: seconds * 1000, tx_bytes: seconds * 2000}},
			})}\n`,
		);
	};
	print();
	const timer = setInterval(print, 1000);
	response.on('close', () => clearInterval(timer));
}

const linesPerBlock = 500;

/** The engine's frames: 1 for stdout, three zeros, four bytes of length. */
function printLog(request: IncomingMessage, response: ServerResponse, linesPerSecond: number): void {
	const query = new URL(request.url ?? '', 'http://engine').searchParams;
	const stamped = ['1', 'true'].includes(query.get('timestamps') ?? '');
	const follows = ['1', 'true'].includes(query.get('follow') ?? '');
	let printed = 0;
	const block = (count: number) => {
		const stamp = stamped ? `${new Date().toISOString().replace('Z', '000000Z')} ` : '';
		return Buffer.concat(
			Array.from({length: count}, () => {
				const text = Buffer.from(`${stamp}step ${printed++} of 1000000: loss 0.4711, 1234 tokens/s, 81.3 GiB\n`);
				const head = Buffer.alloc(8);
				head[0] = 1;
				head.writeUInt32BE(text.length, 4);
				return Buffer.concat([head, text]);
			}),
		);
	};
	response.write(block(100));
	if (!follows) {
		response.end();
		return;
	}

	if (linesPerSecond === 0) {
		return;
	}

	let ended = false;
	response.on('close', () => {
		ended = true;
	});
	if (linesPerSecond === Number.POSITIVE_INFINITY) {
		const blocks = block(linesPerBlock);
		const more = () => {
			while (!ended && response.write(blocks)) {
				// Until it is not read any more.
			}

			if (!ended) {
				response.once('drain', more);
			}
		};
		more();
		return;
	}

	const timer = setInterval(() => response.write(block(Math.ceil(linesPerSecond / 20))), 50);
	response.on('close', () => clearInterval(timer));
}

if (import.meta.main) {
	const [socket = '', containers = '', lines = '0'] = process.argv.slice(2);
	await serveEngine(socket, {
		containers: Number(containers),
		lines: lines === 'full' ? Number.POSITIVE_INFINITY : Number(lines),
	});
	process.stdout.write('ready\n');
}
