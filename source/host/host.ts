import type {Engine} from '../engine/engine.ts';
import type {NvidiaSmi} from '../gpu/gpu.ts';
import type {AskHttp} from './ask-http.ts';

/** Who a box runs as and belongs to. */
export type Person = {
	name: string;
	uid: number;
	gid: number;
};

/** gpubox's own folders, each absolute. */
export type Paths = {
	/** Personal defaults. */
	config: string;
	/** One folder for each box: its token, keys and generated files, mode 0700. */
	state: string;
	/** The person's home inside boxes. */
	home: string;
	/** Model and package caches shared by the person's boxes. */
	cache: string;
	/** The person's ~/.ssh. */
	ssh: string;
	/** In memory: one folder for each box that has secrets. */
	secrets: string;
};

/** The workstation that gpubox manages, and the person who sits at it. Made once, at the edge. */
export type Host = {
	engine: Engine;
	nvidiaSmi: NvidiaSmi;
	person: Person;
	paths: Paths;
	/** Asks a box's services over HTTP; the made-up host answers by itself. */
	askHttp: AskHttp;
	/** Everything is made up; every screen says so. */
	demo: boolean;
};
