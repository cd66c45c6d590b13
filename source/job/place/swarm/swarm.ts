import timers from 'node:timers/promises';
import {exitCode, Failure} from '../../../base/failure.ts';
import {homeFolder} from '../../../base/home.ts';
import {findEngineAddress} from '../../../engine/address.ts';
import {EngineError, isNoEngine, type LogChunk} from '../../../engine/engine.ts';
import {openSwarm} from '../../../engine/swarm/open-swarm.ts';
import type {Swarm} from '../../../engine/swarm/swarm.ts';
import {explain} from '../../../host/remedies.ts';
import {safeText} from '../../../text/safe.ts';
import {imageOf} from '../../export/portable-job.ts';
import {stackService, swarm as target} from '../../export/targets/swarm.ts';
import {stateOfGone} from '../gone.ts';
import {NoAnswer, type Place, type Submission} from '../place.ts';
import {type LogWish, readStreamedLog} from '../stream-log.ts';
import {toServiceSpec} from './swarm-spec.ts';
import {nameOf, stateOfTask} from './swarm-state.ts';

const usualPollMs = 1000;
/** While a job is being stopped: its exit code is there for a moment only. */
const hurriedPollMs = 100;
/** How long the tasks of a job that has ended may take to go, in milliseconds. */
const removalMs = 5000;

/**
A Docker Swarm, through the API of one of its managers.

@param host a Docker context or an address; undefined for the engine that docker itself would use
*/
export function swarmAt(host: string | undefined): Place {
	const engine = findEngineAddress(process.env, homeFolder(process.env), host);
	let opened: Promise<Swarm> | undefined;
	const open = () => {
		opened ??= openSwarm(engine);
		return opened;
	};
	const answer = async <T>(ask: (swarm: Swarm) => Promise<T>): Promise<T> => {
		try {
			return await ask(await open());
		} catch (error) {
			throw error instanceof EngineError && error.code !== 'aborted' ? new NoAnswer(error.message) : error;
		}
	};
	const watched = {downSince: undefined as number | undefined, stopping: false, ran: false};

	return {
		name: 'swarm',
		// What the environment says now may be something else later.
		address: host ?? (engine.tlsDirectory === undefined && engine.missing === undefined ? engine.url : null),
		get pollMs() {
			return watched.stopping ? hurriedPollMs : usualPollMs;
		},
		writesLog: false,
		sendsSignals: false,
		keepsTime: false,
		look: async (signal) => look(await open(), engine.url, signal),
		plan({job, options}) {
			const {files, lost} = target.emit(job, options);
			// gpubox sees to the time itself.
			return {files, lost: lost.filter(({field}) => field !== 'timeout')};
		},
		submit: async (submission, signal) => submit(await open(), submission, signal),
		state: (id, signal) =>
			answer(async (swarm) => {
				const [task] = await swarm.tasks(id, signal);
				if (task === undefined) {
					return (await swarm.serviceExists(id, signal)) && !watched.stopping
						? {kind: 'waiting', reason: null}
						: stateOfGone(watched, 'the swarm');
				}

				watched.stopping ||= task.desired === 'remove' && task.state !== 'failed';
				if (task.state === 'failed' && /error setting rlimit/.test(task.error) && (await keepLimits(swarm, id))) {
					return {kind: 'waiting', reason: 'its node does not raise the limit of locked memory; it is started without'};
				}

				watched.ran ||= task.state === 'running';
				const node =
					task.nodeId === undefined ? undefined : (await swarm.nodes(signal)).find((each) => each.id === task.nodeId);
				const isDown = node !== undefined && (node.state === 'down' || node.state === 'disconnected');
				watched.downSince = isDown ? (watched.downSince ?? Date.now()) : undefined;
				const downMs = watched.downSince === undefined ? undefined : Date.now() - watched.downSince;
				return stateOfTask(task, {node, downMs});
			}),
		log: (id, options) => readLog(open, id, options),
		// There is no way to send another signal: whatever the user pressed, the job gets its stop signal and its time.
		end: (id) =>
			answer(async (swarm) => {
				watched.stopping = true;
				await endTasks(swarm, id);
			}),
		cleanUp: (id) =>
			answer(async (swarm) => {
				await endTasks(swarm, id);
				for (const end = Date.now() + removalMs; Date.now() < end; ) {
					if ((await swarm.tasks(id)).length === 0) {
						break;
					}

					await timers.setTimeout(hurriedPollMs);
				}

				await swarm.removeService(id);
			}),
		explain: () => undefined,
	};
}

/** With their stop signal. Removing the service alone would leave them running, with their GPUs (moby#44312). */
async function endTasks(swarm: Swarm, id: string): Promise<void> {
	await swarm.updateService(id, (spec) => ({...spec, Mode: {ReplicatedJob: {MaxConcurrent: 0, TotalCompletions: 0}}}));
}

/** An engine without root's privileges cannot raise limits, and then the job has those of the engine. @returns false when it has */
function keepLimits(swarm: Swarm, id: string): Promise<boolean> {
	return swarm.updateService(id, (spec) => {
		const container = spec.TaskTemplate?.ContainerSpec;
		if (container?.Ulimits === undefined) {
			return undefined;
		}

		const {Ulimits: _raised, ...rest} = container;
		return {...spec, TaskTemplate: {...spec.TaskTemplate, ContainerSpec: rest}};
	});
}

async function look(swarm: Swarm, address: string, signal: AbortSignal): Promise<string> {
	let membership: Awaited<ReturnType<Swarm['membership']>>;
	try {
		membership = await swarm.membership(signal);
	} catch (error) {
		throw isNoEngine(error) ? explain(error, address) : error;
	}

	const {state, manager, managers} = membership;
	if (!manager) {
		throw state === 'inactive'
			? new Failure(`The engine at ${address} is not in a swarm.`, {
					fix: 'Name a manager of one: gpubox --host ssh://user@manager run --on swarm -- COMMAND',
					exitCode: exitCode.noEngine,
				})
			: new Failure(`The engine at ${address} is a worker of its swarm (${state}), and only managers start jobs.`, {
					fix: `Its managers: ${managers.join(', ') || 'not known'}. For example: gpubox --host ssh://user@MANAGER run --on swarm -- COMMAND`,
					exitCode: exitCode.noEngine,
				});
	}

	const nodes = await swarm.nodes(signal);
	const cards = nodes.filter(({gpus, state: is}) => gpus > 0 && is === 'ready');
	return safeText(
		`Swarm of ${nodes.length} node${nodes.length === 1 ? '' : 's'}. ${
			cards.length === 0
				? 'No node that is ready names GPUs (node-generic-resources in its daemon.json).'
				: `GPUs: ${cards.map((node) => `${nameOf(node)} ${node.gpus}`).join(', ')}`
		}`,
	);
}

async function submit(swarm: Swarm, {job, name, labels}: Submission, signal: AbortSignal): Promise<string> {
	const secretIds = job.secrets.length === 0 ? new Map<string, string>() : await swarm.secretIds(signal);
	const missing = job.secrets.filter((secret) => !secretIds.has(secret.name));
	if (missing.length > 0) {
		throw new Failure(`The swarm has no secret ${missing.map((secret) => secret.name).join(', ')}.`, {
			fix: `On a manager: docker secret create ${missing[0]?.name} FILE`,
			exitCode: exitCode.couldNotStartCommand,
		});
	}

	try {
		return await swarm.createService(toServiceSpec(stackService(job), {name, labels, secretIds}), imageOf(job), signal);
	} catch (error) {
		if (!(error instanceof EngineError) || error.code === 'aborted') {
			throw error;
		}

		throw /name conflicts|already exists/i.test(error.message)
			? new Failure(`The swarm already has a service ${name}.`, {
					fix: 'Choose another name: gpubox run --name NAME',
					exitCode: exitCode.taken,
				})
			: new Failure(`The swarm refused the job: ${error.message}`, {
					fix: error.fix ?? 'What it would be: gpubox run --on swarm --dry-run -- COMMAND',
					exitCode: exitCode.couldNotStartCommand,
				});
	}
}

async function* readLog(open: () => Promise<Swarm>, id: string, wish: LogWish): AsyncGenerator<LogChunk> {
	try {
		const swarm = await open();
		yield* readStreamedLog((follow, signal) => swarm.logs(id, {follow, signal}), wish);
	} catch (error) {
		// A job that was stopped is gone with its log.
		if (error instanceof EngineError && error.code === 'not-found') {
			return;
		}

		throw error instanceof EngineError && error.code !== 'aborted' ? new NoAnswer(error.message) : error;
	}
}
