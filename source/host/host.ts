import type {Diagnostic} from '../base/failure.ts';
import type {Engine} from '../engine/engine.ts';
import type {NvidiaSmi} from '../gpu/gpu.ts';
import type {AskHttp} from './ask-http.ts';

/** The user that a box runs as, or that owns it. */
export type Person = {
	name: string;
	uid: number;
	gid: number;
};

/** A group of a user. */
export type Group = {name: string; gid: number};

/** gpubox's own folders, each absolute. */
export type Paths = {
	/** Personal defaults. */
	config: string;
	/** One folder for each box, with its token, keys and generated files, mode 0700. */
	state: string;
	/** The user's home inside boxes. */
	home: string;
	/** Model and package caches shared by the user's boxes. */
	cache: string;
	/** The user's ~/.ssh. */
	ssh: string;
	/** In memory: one folder for each box that has secrets. */
	secrets: string;
	/** Where all users of the host see who is queued for GPUs; /tmp when missing. */
	queue?: string;
};

/** The workstation that gpubox manages, and the user who runs gpubox. Created once, at the edge. */
export type Host = {
	engine: Engine;
	nvidiaSmi: NvidiaSmi;
	person: Person;
	paths: Paths;
	/** Sends HTTP requests to a box's services; on the demo host they are simulated. */
	askHttp: AskHttp;
	/** Why the user's Docker configuration is ignored, where it is: for the session; verbs have told it. */
	dockerConfigFault?: Diagnostic;
	/** This is the demo host; every screen says so. */
	demo: boolean;
	/** Whose a process is, where it is known without an engine: of a recording. */
	findOwner?: (process: {pid: number; gpuUuid: string}) => {user: string | null; box: string | null};
};
