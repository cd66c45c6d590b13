import * as v from 'valibot';
import type {EngineAddress} from '../address.ts';
import {readFrames} from '../frames.ts';
import {defaultLimits as limits} from '../limits.ts';
import type {Swarm, SwarmNode, SwarmTask} from '../swarm/swarm.ts';
import {connectionTo} from './connect.ts';
import {guard, guardStream, unlessMissing} from './guard.ts';
import {encodeAuth} from './images.ts';
import {findRegistryAuth} from './registry-auth.ts';
import {parseAnswer} from './schemas.ts';
import {createTransport, encodePart, type Question} from './transport.ts';

const text = v.string();
const generic = v.object({
	NamedResourceSpec: v.nullish(v.object({Kind: text, Value: text})),
	DiscreteResourceSpec: v.nullish(v.object({Kind: text, Value: v.number()})),
});
const generics = v.nullish(v.array(generic));
const information = v.object({
	Swarm: v.nullish(
		v.object({
			LocalNodeState: text,
			ControlAvailable: v.nullish(v.boolean()),
			RemoteManagers: v.nullish(v.array(v.object({Addr: text}))),
		}),
	),
});
const nodes = v.array(
	v.object({
		ID: text,
		Description: v.object({
			Hostname: v.nullish(text),
			Resources: v.nullish(v.object({GenericResources: generics})),
		}),
		Status: v.object({State: text, Message: v.nullish(text), Addr: v.nullish(text)}),
	}),
);
const secrets = v.array(v.object({ID: text, Spec: v.object({Name: text})}));
const created = v.object({ID: text});
const service = v.object({
	ID: text,
	Version: v.object({Index: v.number()}),
	// It is sent back as it came.
	Spec: v.looseObject({
		TaskTemplate: v.optional(v.looseObject({ContainerSpec: v.optional(v.record(text, v.unknown()))})),
	}),
});
const tasks = v.array(
	v.object({
		ID: text,
		CreatedAt: text,
		NodeID: v.nullish(text),
		DesiredState: text,
		GenericResources: generics,
		Status: v.object({
			State: text,
			Timestamp: v.nullish(text),
			Message: v.nullish(text),
			Err: v.nullish(text),
			ContainerStatus: v.nullish(v.object({ContainerID: v.nullish(text), ExitCode: v.nullish(v.number())})),
		}),
	}),
);

/** The Engine API's calls for swarms. Nothing is connected before the first one. @throws EngineError (no address) */
export async function connectSwarm(address: EngineAddress): Promise<Swarm> {
	const transport = createTransport(await connectionTo(address));
	const read = async <T>(schema: v.GenericSchema<unknown, T>, question: Omit<Question, 'limit'>): Promise<T> => {
		const {body} = await transport.ask({limit: limits.services, ...question});
		return parseAnswer(schema, body, limits.services.question);
	};
	const change = (question: Omit<Question, 'limit'>) =>
		transport.ask({limit: limits.changeService, changes: true, ...question});
	const serviceOf = (id: string, signal?: AbortSignal) =>
		unlessMissing(() => read(service, {path: `/services/${encodePart(id)}`, signal}));

	return {
		membership: (signal) =>
			guard(async () => {
				const {Swarm: swarm} = await read(information, {path: '/info', signal});
				return {
					state: swarm?.LocalNodeState ?? 'inactive',
					manager: swarm?.ControlAvailable ?? false,
					managers: (swarm?.RemoteManagers ?? []).map(({Addr}) => Addr),
				};
			}),
		nodes: (signal) => guard(async () => (await read(nodes, {path: '/nodes', signal})).map(toNode)),
		secretIds: (signal) =>
			guard(async () => {
				const found = await read(secrets, {path: '/secrets', signal});
				return new Map(found.map(({ID, Spec}) => [Spec.Name, ID]));
			}),
		createService: (spec, image, signal) =>
			guard(async () => {
				const {auth} = await findRegistryAuth(image, signal === undefined ? {} : {signal});
				const {body} = await change({
					method: 'POST',
					path: '/services/create',
					body: spec,
					headers: auth ? {'X-Registry-Auth': encodeAuth(auth)} : {},
					signal,
				});
				return parseAnswer(created, body, limits.changeService.question).ID;
			}),
		serviceExists: async (id, signal) => (await serviceOf(id, signal)) !== undefined,
		tasks: (id, signal) =>
			guard(async () =>
				(await read(tasks, {path: '/tasks', query: {filters: {service: [id]}}, signal}))
					.map(toTask)
					.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1)),
			),
		updateService: (id, edit) =>
			guard(async () => {
				for (let attempts = 3; ; attempts--) {
					const found = await serviceOf(id);
					const spec = found === undefined ? undefined : edit(structuredClone(found.Spec));
					if (found === undefined || spec === undefined) {
						return false;
					}

					try {
						await change({
							method: 'POST',
							path: `/services/${encodePart(id)}/update`,
							query: {version: found.Version.Index},
							body: spec,
						});
						return true;
					} catch (error) {
						// The swarm itself has written something meanwhile.
						if (attempts === 0 || !/out of sequence/.test((error as Error).message)) {
							throw error;
						}
					}
				}
			}),
		removeService: async (id) => {
			await unlessMissing(() => change({method: 'DELETE', path: `/services/${encodePart(id)}`}));
		},
		logs: (id, {follow, signal}) =>
			guardStream(
				() =>
					readFrames(
						transport.open({
							limit: limits.logs,
							path: `/services/${encodePart(id)}/logs`,
							query: {follow, stdout: true, stderr: true},
							signal,
						}),
					),
				signal,
			),
	};
}

/** Named ones, or a number of them. */
function gpusOf(resources: v.InferOutput<typeof generics>): string[] {
	return (resources ?? []).flatMap(({NamedResourceSpec: named, DiscreteResourceSpec: discrete}) =>
		named?.Kind.toLowerCase() === 'gpu'
			? [named.Value]
			: discrete?.Kind.toLowerCase() === 'gpu'
				? [String(discrete.Value)]
				: [],
	);
}

function toNode({ID, Description, Status}: v.InferOutput<typeof nodes>[number]): SwarmNode {
	const resources = Description.Resources?.GenericResources;
	const discrete = (resources ?? []).find(
		({DiscreteResourceSpec}) => DiscreteResourceSpec?.Kind.toLowerCase() === 'gpu',
	);
	return {
		id: ID,
		hostname: Description.Hostname ?? ID,
		address: Status.Addr || undefined,
		state: Status.State,
		message: Status.Message ?? '',
		gpus: discrete?.DiscreteResourceSpec?.Value ?? gpusOf(resources).length,
	};
}

function toTask({
	ID,
	CreatedAt,
	NodeID,
	DesiredState,
	GenericResources,
	Status,
}: v.InferOutput<typeof tasks>[number]): SwarmTask {
	return {
		id: ID,
		createdAt: CreatedAt,
		nodeId: NodeID || undefined,
		state: Status.State,
		message: Status.Message ?? '',
		error: Status.Err ?? '',
		at: Status.Timestamp ?? undefined,
		exitCode: Status.ContainerStatus?.ContainerID ? (Status.ContainerStatus.ExitCode ?? undefined) : undefined,
		desired: DesiredState,
		gpus: gpusOf(GenericResources),
	};
}
