/** Rounds that fail at one step of one verb: at the request to the engine with that number, on a full disk, in a terminal. */

import assert from 'node:assert/strict';
import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import timers from 'node:timers/promises';
import type {Fault} from '../_helpers/test-host/fault-proxy.ts';
import {openTerminal, type Person} from '../_helpers/test-host/index.ts';
import {type Chaos, checkResult, environment, type Player, pick, placeOf, push, script, up} from './players.ts';

/** Milliseconds that a verb has before it is killed: by then it waits for what will not come. */
const patienceMs = 20_000;

/** More than any verb asks at the engine, so that some rounds let a verb through to its end. */
const mostSteps = 24;

/** Every verb that changes something. */
function changing(player: Player, {host, registry, random}: Chaos): string[] {
	const {person, folder} = player;
	const box = `${person.environment.USER}-train`;
	const job = ['--image', host.images.jupyter, '--gpus', pick({random}, ['1', 'none'])];
	return pick({random}, [
		up(player, host),
		up(player, host, '--recreate', '--yes'),
		['stop', '--yes', box],
		['start', box],
		['restart', '--yes', box],
		['rm', '--yes', box],
		['run', ...job, '--', 'sh', 'job.sh'],
		['run', ...job, '--detach', '--', 'sh', 'job.sh'],
		['lock'],
		['refresh', '--yes', folder],
		['kernels'],
		['reap', '--grace', '30d'],
		['disk', '--prune', '--yes'],
		push({registry}),
	]);
}

/** One verb, to which one thing happens at one of its requests. */
export async function failAtStep(chaos: Chaos, given?: string[]): Promise<void> {
	const {players, proxy, random} = chaos;
	const player = pick(chaos, players);
	const words = given ?? changing(player, chaos);
	const who = given === undefined ? player : (players.find(({folder}) => words.includes(folder)) ?? player);
	const step = random(mostSteps);
	const what = pick(chaos, ['kill', 'killAfter', 'cut', 'delay', 'box', 'driver', 'away'] as const);
	await makeReady(words, who);
	const killed = new AbortController();
	let asked = 0;
	let isAway = false;
	proxy.judge((_seen, answered) => {
		if (answered) {
			return undefined;
		}

		if (isAway) {
			return {kind: 'tear', after: 0};
		}

		if (asked++ !== step) {
			return undefined;
		}

		const fault: Record<typeof what, () => Fault | undefined> = {
			kill: () => {
				killed.abort();
				return {kind: 'hang'};
			},
			killAfter: () => {
				// The engine does what it was asked, and no one reads the answer.
				setTimeout(() => killed.abort(), random(40));
				return undefined;
			},
			cut: () => ({kind: 'tear', after: random(300)}),
			delay: () => ({kind: 'hold', until: timers.setTimeout(200 + random(1500))}),
			box: () => ({kind: 'hold', until: killContainers(chaos, who.person)}),
			driver: () => {
				killDriver(who.person);
				return undefined;
			},
			away: () => {
				isAway = true;
				setTimeout(() => {
					isAway = false;
				}, 300 + random(1500));
				return {kind: 'tear', after: 0};
			},
		};
		return fault[what]();
	});
	if (words[0] === 'rm') {
		who.token = undefined;
	}

	try {
		const signal = AbortSignal.any([killed.signal, AbortSignal.timeout(patienceMs)]);
		const result = await who.person
			.runGpubox(words, {cwd: placeOf(words, who), env: environment, signal, killSignal: 'SIGKILL'})
			.catch(() => undefined);
		if (result?.signal === null) {
			checkResult(words, result);
		}
	} catch (error) {
		throw new Error(`${what} at request ${step} of ${words.join(' ')}: ${(error as Error).message}`, {cause: error});
	} finally {
		proxy.judge(() => undefined);
	}
}

/** What runs in the person's containers dies, and gpubox is not asked. */
async function killContainers({docker}: Chaos, {environment: {USER}}: Person): Promise<void> {
	for (const {Id, Labels} of await docker.listContainers({filters: {label: ['gpubox.owner']}})) {
		if (Labels['gpubox.owner'] === USER) {
			// It may end meanwhile.
			await docker
				.getContainer(Id)
				.kill()
				.catch(() => {});
		}
	}
}

function killDriver({uid}: Person): void {
	for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
		try {
			const isDriver = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('nvidia-smi');
			if (statSync(`/proc/${pid}`).uid === uid && isDriver) {
				process.kill(Number(pid), 'SIGKILL');
			}
		} catch {
			// It ended meanwhile.
		}
	}
}

/** A verb that can write no byte to any file, as on a full disk. */
export async function fillDisk(chaos: Chaos): Promise<void> {
	const player = pick(chaos, chaos.players);
	const {node, cli} = chaos.host.program;
	const words = changing(player, chaos);
	if (words[0] === 'rm') {
		player.token = undefined;
	}

	await makeReady(words, player);
	try {
		const limited = ['-c', `trap '' XFSZ; ulimit -f 0; exec "$@"`, 'sh', node, cli, ...words];
		const options = {cwd: placeOf(words, player), env: environment, signal: AbortSignal.timeout(patienceMs)};
		const result = await player.person.run('sh', limited, options).catch(() => undefined);
		if (result?.signal === null) {
			checkResult(words, result);
		}
	} catch (error) {
		throw new Error(`full disk, ${words.join(' ')}: ${(error as Error).message}`, {cause: error});
	}
}

/** The session, ended by a signal at any moment: the terminal is as it was. */
export async function endSession(chaos: Chaos): Promise<void> {
	const {host, random} = chaos;
	const {person, jobs} = pick(chaos, chaos.players);
	const signal = pick(chaos, ['SIGTERM', 'SIGHUP', 'SIGINT'] as const);
	const terminal = openTerminal(host, person, [], {cwd: jobs});
	const late = timers.setTimeout(patienceMs);
	await timers.setTimeout(200 + random(1800));
	terminal.kill(signal);
	const ended = await Promise.race([terminal.exited.then(() => true), late.then(() => false)]);
	assert.ok(ended, `the session goes on after ${signal}`);
	const raw = terminal.raw();
	for (const [on, off] of [
		['\u001B[?1049h', '\u001B[?1049l'],
		['\u001B[?25l', '\u001B[?25h'],
		['\u001B[?2004h', '\u001B[?2004l'],
		['\u001B[?1000h', '\u001B[?1000l'],
	] as const) {
		assert.ok(raw.lastIndexOf(on) <= raw.lastIndexOf(off), `${JSON.stringify(on)} stays set after ${signal}`);
	}
}

/** What has to be there for a verb. */
async function makeReady([verb]: string[], {person, jobs, code}: Player): Promise<void> {
	if (!existsSync(join(jobs, 'job.sh'))) {
		await person.run('sh', ['-c', `printf %s '${script}' > job.sh`], {cwd: jobs});
	}

	if (verb === 'push' && !existsSync(join(code, 'gpubox.lock'))) {
		const {code: locked, stderr} = await person.runGpubox(['lock'], {cwd: code});
		assert.equal(locked, 0, `lock, before push: ${stderr}`);
	}
}

/** The files of the projects are as they were; what gpubox adds is its own and whole. */
export async function checkProjects({person, jobs, code}: Player): Promise<void> {
	assert.equal(readFileSync(join(code, 'job.sh'), 'utf8'), script);
	const own = new Set(['job.sh', 'gpubox.yaml', 'gpubox.lock']);
	assert.deepEqual(
		readdirSync(code).filter((name) => !own.has(name)),
		[],
	);
	await checkLock(person, code);
	await checkJobs(person, jobs);
}

async function checkJobs(person: Person, jobs: string): Promise<void> {
	if (!existsSync(join(jobs, 'job.sh'))) {
		return;
	}

	assert.equal(readFileSync(join(jobs, 'job.sh'), 'utf8'), script);
	const own = new Set(['job.sh', 'gpubox.lock', 'runs', '.gpubox', '.gitignore']);
	assert.deepEqual(
		readdirSync(jobs).filter((name) => !own.has(name)),
		[],
	);
	await checkLock(person, jobs);
}

async function checkLock(person: Person, folder: string): Promise<void> {
	if (existsSync(join(folder, 'gpubox.lock'))) {
		const {stderr} = await person.runGpubox(['verify', '--json'], {cwd: folder});
		assert.doesNotMatch(stderr, /gpubox\.lock:\d/, 'gpubox.lock is whole');
	}
}
