/**
Chaos on a real engine: two accounts whose commands are killed, whose engine answers nonsense, and beside whom containers with
hostile labels come and go. A seed stands for the same decisions again; when things happen is the machine's.
*/

import assert from 'node:assert/strict';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {chown, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {randomFrom} from '../_helpers/seed.ts';
import {removeContainer} from '../_helpers/test-host/engine.ts';
import {type Fault, startFaultProxy} from '../_helpers/test-host/fault-proxy.ts';
import {dockerOf, makePerson, type TestHost, waitUntil} from '../_helpers/test-host/index.ts';
import {secretsOf} from '../_helpers/test-host/person.ts';
import {startRegistry} from '../_helpers/test-host/registry.ts';
import {type Chaos, checkResult, environment, type Player, pick, push, script, up} from './players.ts';
import {checkProjects, endSession, failAtStep, fillDisk} from './steps.ts';

export type ChaosOptions = {
	host: TestHost;
	seed: number;
	/** The number of the first round; 1 when missing. Each round is decided by the seed and its number alone. */
	from?: number;
	/** The number of the last one. */
	rounds: number;
	say: (line: string) => void;
	/** Ends it before the next round. */
	signal?: AbortSignal;
};

/** Most that a verb may take of memory, in MiB. */
const largestMiB = 300;

/** Milliseconds after which a verb behind a fault is interrupted: deadlines of half a minute are tested elsewhere. */
const patienceMs = 6000;

/** @throws AssertionError of the first promise that was broken */
export async function runChaos({host, seed, from = 1, rounds, say, signal}: ChaosOptions): Promise<void> {
	const socketPath = host.address.replace(/^unix:\/\//, '');
	// What was made before something failed goes as well.
	await using made = new AsyncDisposableStack();
	const proxy = await startFaultProxy({socketPath}, join(host.folder, `chaos-${process.pid}.sock`));
	made.defer(() => proxy.stop());
	// All of them go through it, well or ill: so the engine has one address.
	const behind = {...host, address: `unix://${proxy.address}`};
	const registry = await startRegistry();
	made.defer(() => registry.stop());
	const uid = freeUid();
	const player = async (name: string, number: number) => {
		const one = await makePlayer(behind, name, number);
		made.defer(() => one.person.remove());
		return one;
	};
	const players: [Player, Player] = [await player('ann', uid), await player('ben', uid + 1)];
	const docker = dockerOf(host);
	const chaos: Chaos = {host, docker, players, proxy, registry: registry.address, random: randomFrom(seed)};
	try {
		for (let round = from; round <= rounds; round++) {
			signal?.throwIfAborted();
			chaos.random = randomFrom(1000 * seed + round);
			const [name, play] = pick(chaos, kinds);
			try {
				await play(chaos);
				await checkAfterRound(chaos);
			} catch (error) {
				throw new Error(`round ${round} (${name}), seed ${seed}: ${(error as Error).message}`, {cause: error});
			}

			if (round % 25 === 0 || round === rounds) {
				say(`${round} of ${rounds} rounds`);
			}
		}

		await checkAtEnd(chaos);
	} finally {
		await removeContainers(chaos);
		await removePushed(chaos);
	}
}

const kinds: Array<[name: string, play: (chaos: Chaos) => Promise<void>]> = [
	['kill', killVerbs],
	['step', (chaos) => failAtStep(chaos, up(pick(chaos, chaos.players), chaos.host))],
	['fault', bendAnswers],
	['labels', poseAsBox],
	['step', (chaos) => failAtStep(chaos)],
	['disk', fillDisk],
	['terminal', endSession],
];

/** Of two numbers for players. Secrets are in a folder of the machine that has the number in its name, and one that is there is another user's. */
function freeUid(): number {
	let uid = 20_000 + 2 * (process.pid % 20_000);
	while ([uid, uid + 1].some((each) => existsSync(secretsOf(each)))) {
		uid += 2;
	}

	return uid;
}

async function makePlayer(host: TestHost, name: string, uid: number): Promise<Player> {
	const person = await makePerson(host, name, {known: true, uid});
	const folder = join(person.project, 'train');
	await mkdir(folder);
	await person.run('chmod', ['755', person.project]);
	const jobs = join(person.project, 'jobs');
	await mkdir(jobs);
	const code = join(person.project, 'code');
	await mkdir(code);
	await writeFile(join(code, 'job.sh'), script);
	await writeFile(join(code, 'gpubox.yaml'), `image: ${host.images.jupyter}\ngpus: none\n`);
	await chown(code, uid, person.gid);
	await person.run('chmod', ['755', folder, jobs]);
	return {person, token: undefined, folder, jobs, code};
}

/** One to three verbs at once, most of them killed somewhere on their way. */
async function killVerbs({host, players, random}: Chaos): Promise<void> {
	const count = 1 + random(3);
	await Promise.all(
		Array.from({length: count}, async () => {
			const player = pick({random}, players);
			const {person} = player;
			const name = `${person.environment.USER}-train`;
			const words = pick({random}, [
				up(player, host),
				up(player, host, '--recreate', '--yes'),
				['stop', '--yes', name],
				['start', name],
				['rm', '--yes', name],
			]);
			if (words[0] === 'rm') {
				player.token = undefined;
			}

			const isKilled = random(3) > 0;
			const options = isKilled ? {signal: AbortSignal.timeout(30 + random(1500)), killSignal: 'SIGKILL' as const} : {};
			const result = await person.runGpubox(words, {env: environment, ...options}).catch(() => undefined);
			if (!isKilled && result) {
				checkResult(words, result);
			}
		}),
	);
}

const nonsense = [
	'{"a":',
	'null',
	'[]',
	'{}',
	'[{}]',
	'"text"',
	'<html><h1>502</h1></html>',
	'[{"Id":1,"Names":null}]',
];

/** A verb whose engine gives one wrong kind of answer. */
async function bendAnswers({host, players, proxy, random}: Chaos): Promise<void> {
	const player = pick({random}, players);
	const name = `${player.person.environment.USER}-train`;
	const words = pick({random}, [
		['ls'],
		['gpus'],
		['logs', '--tail', '20', name],
		['stop', '--yes', name],
		['images'],
		up(player, host),
	]);
	const faults: Fault[] = [
		{kind: 'tear', after: random(400)},
		{kind: 'replace', body: pick({random}, nonsense)},
		{kind: 'replace', status: 500 + random(4), type: 'text/html', body: 'x'.repeat(random(400_000))},
		{kind: 'replace', body: () => spaces(64)},
		{kind: 'trickle', milliseconds: 5},
		{kind: 'hang'},
	];
	const fault = pick({random}, faults);
	const from = random(4);
	let asked = 0;
	proxy.judge((_seen, answered) => ((!answered && ++asked > from) || (answered && asked > from) ? fault : undefined));
	try {
		const {person} = player;
		const peak = join(person.home, 'peak');
		const result = await person
			.runGpubox(words, {
				env: {
					...environment,
					NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(measure)}`,
					PEAK_FILE: peak,
				},
				signal: AbortSignal.timeout(patienceMs),
				killSignal: 'SIGTERM',
			})
			.catch(() => undefined);
		if (result) {
			checkResult(words, result);
			const mebibytes = Number(readFileSync(peak, 'utf8')) / 1024;
			assert.ok(mebibytes < largestMiB, `${words.join(' ')} took ${mebibytes} MiB at a fault of kind ${fault.kind}`);
		}
	} finally {
		proxy.judge(() => undefined);
	}
}

function* spaces(mebibytes: number): Iterable<Buffer> {
	const piece = Buffer.alloc(1024 ** 2, ' ');
	for (let index = 0; index < mebibytes; index++) {
		yield piece;
	}
}

/** Writes down at the end how much memory the process had at most. */
const measure = `process.on('exit', () => {
	const {readFileSync, writeFileSync} = process.getBuiltinModule('node:fs');
	writeFileSync(process.env.PEAK_FILE, readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\\s+(\\d+)/)[1]);
})`;

const hostileTexts = [
	'\u001B]0;title\u0007',
	'\u001B[2J\u001B[H',
	'\u009B31m',
	'a\u202Eb\u2066c',
	'x'.repeat(20_000),
	'../../etc',
	'__proto__',
	'99999999',
	'',
	'GPU-0,GPU-1,,',
	'2020-01-01T00:00:00Z',
	'true',
];

/** A container whose labels claim to be hers, beside a list that everybody looks at. */
async function poseAsBox({host, docker, players, random}: Chaos): Promise<void> {
	const player = pick({random}, players);
	const {USER: user = ''} = player.person.environment;
	const names =
		'name owner uid user project folder nonce kind start-of services gpus share sudo root-password secrets bind limits image until spec version port.jupyter port.ssh';
	const labels = Object.fromEntries(names.split(' ').map((name) => [`gpubox.${name}`, pick({random}, hostileTexts)]));
	const container = await docker.createContainer({
		name: `gpubox-${user}-posing${random(1000)}`,
		Image: host.images.jupyter,
		Cmd: ['sleep', '60'],
		Labels: {...labels, 'gpubox.name': `${user}-train`, 'gpubox.owner': user, 'gpubox.project': player.folder},
	});
	try {
		if (random(2) === 0) {
			await container.start();
		}

		for (const words of [['ls'], ['ls', '--json'], ['gpus'], []]) {
			const result = await player.person.runGpubox(words);
			checkResult(words, result);
		}
	} finally {
		await container.remove({force: true});
	}
}

async function checkAfterRound({docker, players, host}: Chaos): Promise<void> {
	const running = await docker.listContainers({filters: {label: ['gpubox.gpus']}});
	const cards = running.flatMap(({Labels}) => (Labels['gpubox.nonce'] ? (Labels['gpubox.gpus'] ?? '').split(',') : []));
	assert.equal(new Set(cards).size, cards.length, `a card is in two boxes: ${cards.join(' ')}`);
	for (const player of players) {
		await checkProjects(player);
		let {code, stdout, stderr} = await player.person.runGpubox(up(player, host), {env: environment});
		if (code === 7 && stderr.includes('are now held by box')) {
			// While hers was stopped the other one got its card: she is told, and takes another.
			({code, stdout, stderr} = await player.person.runGpubox(up(player, host, '--recreate', '--yes'), {
				env: environment,
			}));
		}

		assert.equal(code, 0, `the next up: ${stderr}`);
		const {token} = (JSON.parse(stdout) as {jupyter: {token: string}}).jupyter;
		assert.ok(player.token === undefined || player.token === token, 'the token changed');
		player.token = token;
	}
}

/** Nothing is left but one running box each, and after `rm` nothing at all. */
async function checkAtEnd({docker, players, registry}: Chaos): Promise<void> {
	for (const {person, folder, code: project} of players) {
		if (existsSync(join(project, 'gpubox.lock'))) {
			const pushed = await person.runGpubox(push({registry}), {cwd: project});
			assert.equal(pushed.code, 0, `the next push: ${pushed.stderr}`);
		}

		const name = `${person.environment.USER}-train`;
		const state = join(person.environment.XDG_STATE_HOME ?? '', 'gpubox/boxes');
		const secrets = secretsOf(person.uid);
		const list = (path: string) => (existsSync(path) ? readdirSync(path) : []);
		const isClean = async () => {
			await person.runGpubox(['runs']);
			await person.runGpubox(['ls']);
			const runs = await docker.listContainers({
				all: true,
				filters: {label: ['gpubox.kind=run', `gpubox.owner=${person.environment.USER}`]},
			});
			return list(state).length === 1 && list(secrets).length === 1 && runs.length === 0;
		};
		await waitUntil(`what was left of ${name} to go`, isClean, {seconds: 60}).catch((error: unknown) => {
			const records = list(state).map((each) => readFileSync(join(state, each, 'origin.json'), 'utf8'));
			throw new Error(`${error} ${JSON.stringify({records, secrets: list(secrets)})}`);
		});
		assert.deepEqual(list(folder), [], 'the project is untouched');
		const {code, stderr} = await person.runGpubox(['rm', '--yes', name]);
		assert.equal(code, 0, stderr);
		assert.deepEqual([...list(state), ...list(secrets)], []);
		const ssh = join(person.home, '.ssh');
		assert.deepEqual(list(ssh), []);
	}

	const left = await docker.listContainers({all: true, filters: {label: ['gpubox.name']}});
	assert.deepEqual(
		left
			.filter(({Labels}) => /^(ann|ben)$/.test(Labels['gpubox.owner'] ?? ''))
			.map(({Names, State}) => `${Names[0]} ${State}`),
		[],
	);
}

async function removePushed({docker, registry}: Chaos): Promise<void> {
	for (const {RepoTags} of await docker.listImages()) {
		for (const tag of (RepoTags ?? []).filter((each) => each.startsWith(`${registry}/`))) {
			await docker.getImage(tag).remove({force: true});
		}
	}
}

async function removeContainers({docker}: Chaos): Promise<void> {
	for (const {Id, Labels} of await docker.listContainers({all: true, filters: {label: ['gpubox.owner']}})) {
		if (/^(ann|ben)$/.test(Labels['gpubox.owner'] ?? '')) {
			await removeContainer(docker, Id);
		}
	}
}
