/** A Docker Swarm, as one of its managers shows it. */
import type {LogChunk} from '../engine.ts';

export type SwarmNode = {
	id: string;
	hostname: string;
	/** Its address; undefined where the manager does not know it. */
	address: string | undefined;
	/** `ready`, `down`, `disconnected` or `unknown`. */
	state: string;
	/** Why it is so. */
	message: string;
	/** Generic resources of the kind `gpu`. */
	gpus: number;
};

export type SwarmTask = {
	id: string;
	createdAt: string;
	nodeId: string | undefined;
	/** `new`, `pending`, `assigned`, `preparing`, `running`, `complete`, `failed`, `rejected`, `orphaned` … */
	state: string;
	message: string;
	error: string;
	at: string | undefined;
	/** Of the container; undefined while there is none. */
	exitCode: number | undefined;
	/** What the swarm wants it to be: `remove` or `shutdown` for one that is being stopped. */
	desired: string;
	/** Names of its GPUs; the number of them where the node gave them no names. */
	gpus: string[];
};

/** What the engine is in a swarm. */
type SwarmMembership = {
	/** `inactive` without a swarm. */
	state: string;
	manager: boolean;
	/** Addresses of the managers, as far as it knows them. */
	managers: string[];
};

/** A service as the Engine API describes it; of what gpubox does not read, nothing is lost. */
type ServiceSpec = {
	TaskTemplate?: {ContainerSpec?: Record<string, unknown> | undefined; [key: string]: unknown} | undefined;
	[key: string]: unknown;
};

/** Each call throws EngineError and nothing else. */
export type Swarm = {
	membership(signal?: AbortSignal): Promise<SwarmMembership>;
	nodes(signal?: AbortSignal): Promise<SwarmNode[]>;
	/** Ids by name, of those that exist. */
	secretIds(signal?: AbortSignal): Promise<Map<string, string>>;
	/** @param image for the login to its registry @returns its id */
	createService(spec: object, image: string, signal?: AbortSignal): Promise<string>;
	serviceExists(id: string, signal?: AbortSignal): Promise<boolean>;
	/** The newest first. */
	tasks(service: string, signal?: AbortSignal): Promise<SwarmTask[]>;
	/**
	Changes what a service is; a job starts again with that.

	@param change gets a copy; undefined leaves the service as it is
	@returns false when there is no such service, or nothing was changed
	*/
	updateService(id: string, change: (spec: ServiceSpec) => ServiceSpec | undefined): Promise<boolean>;
	/** No service of that id is as good. */
	removeService(id: string): Promise<void>;
	logs(service: string, options: {follow: boolean; signal?: AbortSignal}): AsyncIterable<LogChunk>;
};
