import type {HostFacts} from './facts.ts';

/** A layer between the GPU and a box, bottom up. The ids are part of the published interface: add, never change. */
export type CheckId =
	| 'gpu'
	| 'module'
	| 'driver'
	| 'nvidia-smi'
	| 'persistence'
	| 'engine'
	| 'permission'
	| 'engine-version'
	| 'engine-settings'
	| 'toolkit'
	| 'container-gpu'
	| 'shared-memory'
	| 'disk'
	| 'ports'
	| 'dns'
	| 'registry'
	| 'clock'
	| 'proxy'
	| 'ssh-keys';

export type Fix = {
	/** What to do, in one line. */
	text: string;
	/** The same as shell commands for this distribution; empty where no command can do it. */
	commands: string[];
	/** Running them here is safe: they are for this machine, and nothing is replaced, stopped or opened to others. */
	automatic: boolean;
	/** They are for the machine of the engine, which is another one. */
	elsewhere?: true;
};

/** The result for one layer. All texts are one line and safe to print. */
export type Check = {
	id: CheckId;
	title: string;
	status: 'ok' | 'warn' | 'fail' | 'skip';
	/** What was found, or why the layer was skipped. */
	found: string;
	/** Why it matters. Empty for a check that passed. */
	why: string;
	fix: Fix | undefined;
};

export const titles: Record<CheckId, string> = {
	gpu: 'GPU on the bus',
	module: 'Kernel module',
	driver: 'Driver',
	'nvidia-smi': 'nvidia-smi',
	persistence: 'Persistence mode',
	engine: 'Docker Engine',
	permission: 'Permission',
	'engine-version': 'Engine version',
	'engine-settings': 'Engine settings',
	toolkit: 'Container toolkit',
	'container-gpu': 'GPU in a container',
	'shared-memory': 'Shared memory',
	disk: 'Disk for images',
	ports: 'Ports',
	dns: 'Name lookup',
	registry: 'Registry',
	clock: 'Clock',
	proxy: 'Proxy and mirror',
	'ssh-keys': 'SSH keys',
};

/** The layers that must pass before a layer can be checked. */
export const restsOn: Partial<Record<CheckId, CheckId[]>> = {
	module: ['gpu'],
	driver: ['module'],
	'nvidia-smi': ['driver'],
	persistence: ['nvidia-smi'],
	permission: ['engine'],
	'engine-version': ['permission'],
	'engine-settings': ['permission'],
	toolkit: ['permission'],
	'container-gpu': ['nvidia-smi', 'toolkit'],
	disk: ['permission'],
	registry: ['dns'],
	clock: ['registry'],
};

/** The verdict on one layer, without its id and title. */
export type Verdict = Omit<Check, 'id' | 'title'>;

/** Whether what fixes a layer belongs on the machine that gpubox runs on; for the others it is the one with the engine. */
export function isFixedHere(id: CheckId, {local}: HostFacts): boolean {
	return local || id === 'ssh-keys';
}

/** Judges one layer as if those below it had passed. Pure. */
export type Judge = (facts: HostFacts) => Verdict;

/** A layer of which not all is known yet that its check needs. */
export type CheckUnderWay = Pick<Check, 'id' | 'title'> & {status: 'checking'};

export function ok(found: string): Verdict {
	return {status: 'ok', found, why: '', fix: undefined};
}

export function skip(found: string): Verdict {
	return {status: 'skip', found, why: '', fix: undefined};
}

export function warn(found: string, why: string, fix: Fix): Verdict {
	return {status: 'warn', found, why, fix};
}

export function fail(found: string, why: string, fix: Fix): Verdict {
	return {status: 'fail', found, why, fix};
}

/** A fix that the user must decide on. */
export function advise(text: string, commands: string[] = []): Fix {
	return {text, commands, automatic: false};
}

/** A safe fix, which `--fix` applies. */
export function autoFix(text: string, commands: string[]): Fix {
	return {text, commands, automatic: true};
}
