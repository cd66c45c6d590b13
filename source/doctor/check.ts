/** A layer of the way from the card to a box, bottom up. The ids are part of the published interface: add, never change. */
export type CheckId =
	| 'gpu'
	| 'module'
	| 'driver'
	| 'nvidia-smi'
	| 'persistence'
	| 'engine'
	| 'permission'
	| 'engine-version'
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
	/** The same as commands for a shell of this distribution; empty where none can do it. */
	commands: string[];
	/** Running them needs no judgement: nothing is replaced, stopped or opened to others. */
	automatic: boolean;
};

/** What one layer is like. All texts are one line and safe to print. */
export type Check = {
	id: CheckId;
	title: string;
	status: 'ok' | 'warn' | 'fail' | 'skip';
	/** What was found; why it was passed over, where it was. */
	found: string;
	/** Why it matters. Empty for what is in order. */
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

/** What must be in order before a layer can be looked at. */
export const restsOn: Partial<Record<CheckId, CheckId[]>> = {
	module: ['gpu'],
	driver: ['module'],
	'nvidia-smi': ['driver'],
	persistence: ['nvidia-smi'],
	permission: ['engine'],
	'engine-version': ['permission'],
	toolkit: ['permission'],
	'container-gpu': ['nvidia-smi', 'toolkit'],
	disk: ['permission'],
	registry: ['dns'],
	clock: ['registry'],
};

/** The verdict on one layer, before it is put into its place. */
export type Verdict = Omit<Check, 'id' | 'title'>;

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

/** A fix for a person to decide on. */
export function advise(text: string, commands: string[] = []): Fix {
	return {text, commands, automatic: false};
}

/** A fix that can do no harm. */
export function mend(text: string, commands: string[]): Fix {
	return {text, commands, automatic: true};
}
