import * as v from 'valibot';
import {exitCode, Failure} from '../../base/failure.ts';
import type {LogChunk} from '../../engine/engine.ts';
import {safeText} from '../../text/safe.ts';
import {kubernetes as target} from '../export/targets/kubernetes.ts';
import {type Answer, type Commands, complaint, here, over} from './commands.ts';
import {stateOfGone} from './gone.ts';
import {
	jobObject,
	nodeList,
	nodeObject,
	podList,
	stateOfJob,
	stateOfPods,
	tellNodes,
	troubleOfNode,
} from './kubernetes-state.ts';
import {type JobState, NoAnswer, type Place, type Submission} from './place.ts';
import {type LogWish, readStreamedLog} from './stream-log.ts';

const usualPollMs = 1000;
/** While a job is being stopped: its exit code is there for a moment only. */
const hurriedPollMs = 200;
/** Between two looks at the node of a running job, in milliseconds. */
const nodeMs = 10_000;

/** Where a job is, for later: the context may be another one then. */
type Where = {context: string; namespace: string; name: string; nodes: number; gpus: number};

/** kubectl on some machine, in the context and namespace of a job. */
type Kubectl = {
	commands: Commands;
	ask(where: Where, words: readonly string[], options?: {signal?: AbortSignal; input?: string}): Promise<Answer>;
	/** Undefined when there is no such thing. @throws NoAnswer */
	read<T>(
		schema: v.GenericSchema<unknown, T>,
		where: Where,
		words: readonly string[],
		signal: AbortSignal,
	): Promise<T | undefined>;
};

function words({context, namespace}: Where, ...rest: readonly string[]): string[] {
	return ['kubectl', `--context=${context}`, `--namespace=${namespace}`, ...rest];
}

function kubectlWith(commands: Commands): Kubectl {
	const ask: Kubectl['ask'] = (where, rest, options) => commands.run(words(where, ...rest), options);
	return {
		commands,
		ask,
		async read(schema, where, rest, signal) {
			const answer = await ask(where, ['get', ...rest, '--output=json'], {signal});
			if (answer.code !== 0) {
				if (/NotFound|not found/.test(answer.stderr)) {
					return undefined;
				}

				throw new NoAnswer(complaint(answer));
			}

			try {
				return v.parse(schema, JSON.parse(answer.stdout));
			} catch (error) {
				throw new NoAnswer(`kubectl printed something unexpected: ${(error as Error).message}`);
			}
		},
	};
}

/** What was seen of a job so far. */
type Watched = {stopping: boolean; ran: boolean; nodeAt: number; trouble: string | null};

/**
Kubernetes, through kubectl and its current context.

@param address `ssh://…` of a machine with kubectl; undefined for this one
*/
export function kubernetesAt(address: string | undefined): Place {
	const commands = address === undefined ? here : over(address);
	const kubectl = kubectlWith(commands);
	const watched: Watched = {stopping: false, ran: false, nodeAt: 0, trouble: null};
	const change = async (id: string, rest: readonly string[]) => {
		const answer = await kubectl.ask(whereOf(id), rest);
		if (answer.code !== 0) {
			throw new NoAnswer(complaint(answer));
		}
	};
	return {
		name: 'kubernetes',
		address: address ?? null,
		get pollMs() {
			return watched.stopping ? hurriedPollMs : usualPollMs;
		},
		writesLog: false,
		sendsSignals: false,
		keepsTime: true,
		look: (signal) => look(commands, signal),
		plan: ({job, options, name}) => target.emit(job, {...options, instance: name}),
		submit: (submission, signal) => submit(kubectl, submission, signal),
		state: (id, signal) => stateOf(kubectl, whereOf(id), watched, signal),
		log: (id, wish) => readLog(commands, whereOf(id), wish),
		async end(id, ending) {
			watched.stopping = true;
			const {name} = whereOf(id);
			await change(
				id,
				ending === 'kill'
					? ['delete', 'pods', `--selector=job-name=${name}`, '--grace-period=0', '--force', '--wait=false']
					: ['delete', 'job', name, '--cascade=foreground', '--wait=false', '--ignore-not-found'],
			);
		},
		async cleanUp(id) {
			const {name, nodes} = whereOf(id);
			const things = [`job/${name}`, ...(nodes > 1 ? [`service/${name}`] : [])];
			await change(id, ['delete', ...things, '--ignore-not-found', '--wait=false']);
		},
		explain: () => undefined,
	};
}

async function look(commands: Commands, signal: AbortSignal): Promise<string> {
	const {context, namespace} = await findContext(commands, signal);
	const nodes = await commands.run(['kubectl', `--context=${context}`, 'get', 'nodes', '--output=json'], {signal});
	if (nodes.code !== 0 && !/forbidden/i.test(nodes.stderr)) {
		throw noCluster(`The cluster of the context ${context} does not answer: ${complaint(nodes)}`);
	}

	const cards =
		nodes.code === 0 ? tellNodes(v.parse(nodeList, JSON.parse(nodes.stdout))) : 'Its nodes are not shown to you.';
	return safeText(`Kubernetes: context ${context}, namespace ${namespace}. ${cards}`);
}

async function submit(
	{commands, ask}: Kubectl,
	{job, options, name}: Submission,
	signal: AbortSignal,
): Promise<string> {
	const where: Where = {...(await findContext(commands, signal)), name, nodes: job.nodes, gpus: job.gpus};
	const [{text}] = target.emit(job, {...options, instance: name}).files;
	const answer = await ask(where, ['create', '--validate=false', '--filename=-'], {input: text, signal});
	if (answer.code === 0) {
		return idOf(where);
	}

	throw /AlreadyExists|already exists/.test(answer.stderr)
		? new Failure(`The cluster already has a job ${name}.`, {
				fix: 'Choose another name: gpubox run --name NAME',
				exitCode: exitCode.taken,
			})
		: new Failure(`Kubernetes refused the job: ${complaint(answer)}`, {
				fix: 'What it would be: gpubox run --on kubernetes --dry-run -- COMMAND',
				exitCode: exitCode.couldNotStartCommand,
			});
}

async function stateOf(kubectl: Kubectl, where: Where, watched: Watched, signal: AbortSignal): Promise<JobState> {
	const pods = await kubectl.read(podList, where, ['pods', `--selector=job-name=${where.name}`], signal);
	if (pods === undefined || pods.items.length === 0) {
		const job = await kubectl.read(jobObject, where, ['job', where.name], signal);
		return job === undefined
			? stateOfGone(watched, 'Kubernetes')
			: stateOfJob(job, await lastEvent(kubectl, where, signal));
	}

	watched.stopping ||= pods.items.every(({metadata}) => metadata.deletionTimestamp != null);
	const state = stateOfPods(pods.items, where);
	if (state.kind !== 'running') {
		return state;
	}

	watched.ran = true;
	if (state.where !== null && Date.now() - watched.nodeAt > nodeMs) {
		watched.nodeAt = Date.now();
		const [name = ''] = state.where.split(', ');
		// Many users may not see nodes.
		const node = await kubectl.read(nodeObject, where, ['node', name], signal).catch(() => undefined);
		watched.trouble = node === undefined ? null : troubleOfNode(name, node);
	}

	return {...state, trouble: watched.trouble};
}

function readLog(commands: Commands, where: Where, wish: LogWish): AsyncIterable<LogChunk> {
	return readStreamedLog(async function* (follow, signal) {
		const all = words(where, 'logs', `--selector=job-name=${where.name}`, '--tail=-1', ...(follow ? ['--follow'] : []));
		for await (const data of commands.stream(all, signal)) {
			yield {stream: 'stdout', data};
		}
	}, wish);
}

/** `2x1:context/namespace/name`: names of contexts may have slashes. */
function idOf({context, namespace, name, nodes, gpus}: Where): string {
	return `${nodes}x${gpus}:${context}/${namespace}/${name}`;
}

function whereOf(id: string): Where {
	const [, nodes = '1', gpus = '0', context = '', namespace = '', name = ''] =
		/^(\d+)x(\d+):(.*)\/([^/]+)\/([^/]+)$/.exec(id) ?? [];
	return {context, namespace, name, nodes: Number(nodes), gpus: Number(gpus)};
}

function noCluster(message: string): Failure {
	return new Failure(message, {
		fix: 'The contexts: kubectl config get-contexts. On another machine: gpubox --host ssh://user@machine run --on kubernetes -- COMMAND',
		exitCode: exitCode.noEngine,
	});
}

/** @throws Failure (exit code 3) without kubectl, or without a context */
async function findContext(commands: Commands, signal: AbortSignal): Promise<Pick<Where, 'context' | 'namespace'>> {
	const current = await commands.run(['kubectl', 'config', 'current-context'], {signal}).catch((error: unknown) => {
		throw error instanceof NoAnswer ? noCluster(error.message) : error;
	});
	if (current.code !== 0) {
		throw noCluster(
			current.code === 127
				? `kubectl is not installed on ${commands.machine}.`
				: `kubectl on ${commands.machine} has no current context.`,
		);
	}

	const namespace = await commands.run(
		['kubectl', 'config', 'view', '--minify', '--output=jsonpath={.contexts[0].context.namespace}'],
		{signal},
	);
	return {context: current.stdout.trim(), namespace: namespace.stdout.trim() || 'default'};
}

/** What keeps a job from getting pods, such as a quota. */
async function lastEvent({ask}: Kubectl, where: Where, signal: AbortSignal): Promise<string | undefined> {
	const {code, stdout} = await ask(
		where,
		[
			...['get', 'events', `--field-selector=involvedObject.name=${where.name},type=Warning`],
			'--output=jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}',
		],
		{signal},
	);
	return code === 0 ? stdout.trim().split('\n').at(-1) || undefined : undefined;
}
