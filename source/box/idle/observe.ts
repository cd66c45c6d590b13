import timers from 'node:timers/promises';
import {type ContainerProcess, EngineError} from '../../engine/engine.ts';
import type {GpuProcess} from '../../gpu/gpu.ts';
import {figureOf} from '../../gpu/possible.ts';
import {areKnown, readProcesses} from '../../gpu/processes.ts';
import {runSmi} from '../../gpu/smi/child.ts';
import type {Host} from '../../host/host.ts';
import type {Box} from '../box.ts';
import {readJupyterStatus} from '../jupyter/kernels.ts';
import {readOwnToken} from '../jupyter/token.ts';
import {readLogLines} from '../logs.ts';
import {type Activity, describeUse, type Idleness, judgeIdleness, type Use} from './idle.ts';

/** Milliseconds that a box, or the driver, has to answer. */
const patienceMs = 1500;

export type IdlenessOptions = {
	signal: AbortSignal;
	/** How often the GPUs are sampled, half a second apart: more often before a box is stopped because of it. */
	looks?: number;
	/** A box's Jupyter token; those of the caller's own boxes when missing. */
	tokenOf?: (box: Box) => Promise<string | undefined> | string | undefined;
	/** What the caller has read of the GPUs already; else nvidia-smi is asked. */
	gpuUse?: GpuUse;
};

/** Whether running boxes are used, by id. Stopped boxes and jobs are left out. */
export async function readIdleness(host: Host, boxes: Box[], options: IdlenessOptions): Promise<Map<string, Idleness>> {
	return new Map(
		(await observe(host, boxes, options)).map(([{id}, activity]) => [
			id,
			activity === undefined ? {kind: 'unknown'} : judgeIdleness(activity),
		]),
	);
}

/** What is ended with each box that runs, by id: to be asked about before it is stopped or removed. */
export async function readUse(host: Host, boxes: Box[], options: IdlenessOptions): Promise<Map<string, Use>> {
	const paused = boxes
		.filter(({state}) => state === 'paused')
		.map(({id}): [string, Use] => [id, {reasons: [], unknown: ['it is paused']}]);
	const observed = (await observe(host, boxes, options)).map(([{id}, activity]): [string, Use] => {
		return [id, activity === undefined ? {reasons: [], unknown: ['the engine does not say']} : describeUse(activity)];
	});
	return new Map([...paused, ...observed]);
}

/** Undefined where the engine does not tell. */
async function observe(
	host: Host,
	boxes: Box[],
	options: IdlenessOptions,
): Promise<Array<readonly [Box, Activity | undefined]>> {
	// A job ends on its own, however long it waits for data in between.
	const running = boxes.filter(({state, job}) => state === 'running' && job === undefined);
	const holders = running.filter(({gpus}) => gpus.length > 0);
	const use =
		options.gpuUse !== undefined
			? Promise.resolve(options.gpuUse)
			: holders.length > 0
				? readGpuUse(host, options)
				: Promise.resolve(noUse);
	return Promise.all(running.map(async (box) => [box, await observeBox(host, box, use, options)] as const));
}

async function observeBox(
	host: Host,
	box: Box,
	use: Promise<GpuUse>,
	options: IdlenessOptions,
): Promise<Activity | undefined> {
	try {
		const [detail, jupyter, processes, gpuUse] = await Promise.all([
			host.engine.inspectContainer(box.id, options.signal),
			askItsJupyter(host, box, options),
			host.engine.top(box.id, options.signal),
			use,
		]);
		// On the demo host no one but the user is there.
		const sessions = host.demo ? 0 : countSessions(processes);
		const lastLogin =
			box.services.includes('ssh') && sessions === 0 ? await findLastLogin(host, box, options) : undefined;
		return {
			startedAt: detail?.startedAt ?? box.createdAt,
			...(jupyter ? {jupyter} : {}),
			sessions,
			...(lastLogin ? {lastLogin} : {}),
			computing: isComputing(
				box,
				processes.map(({pid}) => pid),
				gpuUse,
			),
		};
	} catch (error) {
		options.signal.throwIfAborted();
		// It was stopped or removed in the meantime.
		if (error instanceof EngineError) {
			return undefined;
		}

		throw error;
	}
}

async function askItsJupyter(host: Host, box: Box, {signal, tokenOf}: IdlenessOptions): Promise<Activity['jupyter']> {
	if (!box.services.includes('jupyter')) {
		return undefined;
	}

	const token = tokenOf ? await tokenOf(box) : readOwnToken(host, box);
	if (token === undefined) {
		return 'unknown';
	}

	try {
		const timeoutSignal = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
		const {lastActivity, kernels} = await readJupyterStatus(host, box, token, timeoutSignal);
		return {
			lastActivity,
			busyKernels: kernels.filter(({busy}) => busy).length,
			openKernels: kernels.filter(({busy, connections}) => !busy && connections > 0).length,
		};
	} catch (error) {
		signal.throwIfAborted();
		// Still starting, or too busy to answer.
		return isNotUp(error) ? 'not-up' : 'unknown';
	}
}

/** Whether nothing listens at the port: refused, or by Docker's proxy accepted and closed again. */
function isNotUp(error: unknown): boolean {
	const code = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined)?.code : undefined;
	return code === 'ECONNREFUSED' || code === 'ECONNRESET';
}

/**
How many are logged in by SSH or have a command attached; null when the engine lists no process. An attached command is a process that was
not started by another one of the box, other than its first.
*/
export function countSessions(processes: readonly ContainerProcess[]): number | null {
	if (processes.length === 0) {
		return null;
	}

	const own = new Set(processes.map(({pid}) => pid));
	const roots = processes.filter(({parent}) => !own.has(parent)).length;
	return Math.max(0, roots - 1) + processes.filter(({title}) => isLogin(title)).length;
}

/** sshd names the process of a login so: `sshd: alice@pts/0`, from 9.8 on `sshd-session: alice@notty`. */
export function isLogin(title: string): boolean {
	return /^sshd(?:-session)?: [^\s[\]]+@\S+/.test(title);
}

/** Unknown for another user's box: its log is theirs. A caller who may read its token may read that, too. */
async function findLastLogin(host: Host, box: Box, options: IdlenessOptions): Promise<Activity['lastLogin']> {
	return box.mine || options.tokenOf !== undefined ? readLastLogin(host, box, options) : 'unknown';
}

/** The time of the last login or logout that sshd logged. */
async function readLastLogin(host: Host, box: Box, {signal}: IdlenessOptions): Promise<Date | undefined> {
	let last: Date | undefined;
	for await (const {text} of readLogLines(host.engine, box.id, {tail: 300, timestamps: true, signal})) {
		last = loginTime(text) ?? last;
	}

	return last;
}

/** @param line with the engine's own time in front */
export function loginTime(line: string): Date | undefined {
	const [, time = ''] =
		/^(\S+) .*(?:Accepted [\w/-]+ for|Disconnected from user|Connection closed by user) /.exec(line) ?? [];
	const date = new Date(time);
	return Number.isNaN(date.getTime()) ? undefined : date;
}

export type GpuUse = {
	/** The highest value seen, by UUID of the card; null where the card does not report it, as with MIG. */
	utilization: Map<string, number | null>;
	processes: GpuProcess[];
	/** The driver did not say what runs on its cards. */
	processesUnknown?: true;
};

const noUse: GpuUse = {utilization: new Map(), processes: []};

async function readGpuUse({nvidiaSmi}: Pick<Host, 'nvidiaSmi'>, options: IdlenessOptions): Promise<GpuUse> {
	// Both at once and awaited together: an abort ends both, and neither can cause an unhandled rejection.
	const [list, utilization] = await Promise.all([
		readProcesses(nvidiaSmi, {signal: options.signal, timeoutMs: patienceMs}),
		sampleUtilization(nvidiaSmi, options),
	]);
	return {utilization, processes: list.processes, ...(areKnown(list) ? {} : {processesUnknown: true})};
}

async function sampleUtilization(
	nvidiaSmi: Host['nvidiaSmi'],
	{signal, looks = 1}: IdlenessOptions,
): Promise<GpuUse['utilization']> {
	const utilization: GpuUse['utilization'] = new Map();
	for (let look = 0; look < looks; look++) {
		if (look > 0) {
			await timers.setTimeout(500, undefined, {signal});
		}

		const query = ['--query-gpu=uuid,utilization.gpu', '--format=csv,noheader,nounits'];
		const {lines} = await runSmi(nvidiaSmi, query, {signal, timeoutMs: patienceMs});
		for (const line of lines) {
			const [uuid = '', value = ''] = line.split(',').map((cell) => cell.trim());
			// nvidia-smi also prints errors on stdout.
			if (!uuid.startsWith('GPU-')) {
				continue;
			}

			const before = utilization.get(uuid) ?? null;
			const now = figureOf('utilization.gpu', value);
			utilization.set(uuid, now === null ? before : Math.max(before ?? 0, now));
		}
	}

	return utilization;
}

/**
Whether a box computes: one of its cards is busy, or one of its processes is on a card that does not report its load. Null when it has
cards and the driver reports nothing about any.
*/
export function isComputing(
	{gpus, shareGpus}: Pick<Box, 'gpus' | 'shareGpus'>,
	pids: number[],
	{utilization, processes, processesUnknown}: GpuUse,
): boolean | null {
	if (gpus.length > 0 && utilization.size === 0) {
		return null;
	}

	const own = new Set(pids);
	const used = new Set(processes.filter(({pid}) => own.has(pid)).map(({gpuUuid}) => gpuUuid));
	const listed = new Set(processes.map(({gpuUuid}) => gpuUuid));
	const computes = [...utilization].some(([uuid, percent]) => {
		// The driver may count processes in another pid namespace: what it lists on a card that the box has alone is the box's.
		const alone = gpus.includes(uuid) && !shareGpus;
		return percent === null ? used.has(uuid) || (alone && listed.has(uuid)) : percent > 0 && (used.has(uuid) || alone);
	});
	// Of a card of which neither load nor processes are known nothing can be said.
	const isBlind = processesUnknown === true && gpus.some((uuid) => (utilization.get(uuid) ?? null) === null);
	return computes || !isBlind ? computes : null;
}
