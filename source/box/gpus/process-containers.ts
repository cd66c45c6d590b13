import type {Container, Engine} from '../../engine/engine.ts';
import {safeText} from '../../text/safe.ts';

/** A container that is not a box; `name` is null where this engine does not know it. */
export type NamedContainer = {id: string; name: string | null};

/** Finds the containers of processes that run in no box. Never throws: what cannot be determined is null. */
export type ContainerFinder = {
	/** By the id that the kernel tells of the process. */
	byId(id: string): Promise<NamedContainer>;
	/** By the processes that the engine lists of its containers: for an engine on another machine. */
	byPids(pids: readonly number[]): Promise<ReadonlyMap<number, NamedContainer>>;
};

/** Containers of which the processes are asked for at most: each takes the engine a call of `ps`. */
const mostTops = 100;
/** Milliseconds. */
const longestMs = 2000;
/** As many names are kept: more containers than compute at the same time anywhere. */
const mostNames = 1000;

/**
Asks the engine as little as it can: a container is asked for its name once, and a process is looked for once as long as it runs.

@param isBox containers whose processes were looked at already
*/
export function createContainerFinder(engine: Engine, isBox: (container: Container) => boolean): ContainerFinder {
	const named = new Map<string, Promise<NamedContainer>>();
	let found = new Map<number, NamedContainer | undefined>();
	return {
		byId(id) {
			const known = named.get(id);
			if (known !== undefined) {
				return known;
			}

			const asked = nameOf(engine, id);
			named.set(id, asked);
			const [oldest] = named.keys();
			if (named.size > mostNames && oldest !== undefined) {
				named.delete(oldest);
			}

			// An engine that is away now may answer the next time.
			void asked.then(({name}) => (name === null ? named.delete(id) : undefined));
			return asked;
		},
		async byPids(pids) {
			if (pids.some((pid) => !found.has(pid))) {
				const owners = await ownersOf(engine, isBox).catch(() => undefined);
				if (owners === undefined) {
					return new Map();
				}

				found = new Map(pids.map((pid) => [pid, owners.get(pid)]));
			}

			return new Map(
				pids.flatMap((pid) => {
					const container = found.get(pid);
					return container === undefined ? [] : [[pid, container]];
				}),
			);
		},
	};
}

async function nameOf(engine: Engine, id: string): Promise<NamedContainer> {
	const detail = await engine.inspectContainer(id, AbortSignal.timeout(longestMs)).catch(() => undefined);
	return {id, name: detail === undefined ? null : safeText(detail.name)};
}

async function ownersOf(
	engine: Engine,
	isBox: (container: Container) => boolean,
): Promise<Map<number, NamedContainer>> {
	const signal = AbortSignal.timeout(longestMs);
	const containers = await engine.listContainers({signal});
	const running = containers.filter((container) => container.state === 'running' && !isBox(container));
	const owners = new Map<number, NamedContainer>();
	await Promise.all(
		running.slice(0, mostTops).map(async ({id, name}) => {
			// One that has just stopped has no processes.
			const processes = await engine.top(id, signal).catch(() => []);
			for (const {pid} of processes) {
				owners.set(pid, {id, name: safeText(name)});
			}
		}),
	);
	return owners;
}
