import type {Settings} from './schema.ts';

/** Where a value was set. */
export type Origin = {
	place: 'flag' | 'gpubox.yaml' | 'personal' | 'host' | 'default';
	/** For display: `--image`, `gpubox.yaml:3`, `default`. Safe to print. */
	where: string;
	/** The folder that relative paths in it start from. */
	base: string;
};

/** One value of one setting. A list or a map is split into items, so that each item keeps its origin. */
export type Sourced = {
	/** Dotted, an item of a map with its name: `limits.memory`, `env.SEED`. */
	key: string;
	value: unknown;
	origin: Origin;
	/** One of a list's items. */
	item?: true;
};

/** Defaults that are plain values. The others depend on the host. */
export const defaults: Sourced[] = [
	{key: 'services', value: ['jupyter'], origin: {place: 'default', where: 'default', base: '/'}},
	{key: 'gpus', value: 'auto', origin: {place: 'default', where: 'default', base: '/'}},
	{key: 'bind', value: '127.0.0.1', origin: {place: 'default', where: 'default', base: '/'}},
];

/**
Puts layers together, the strongest first: flags, gpubox.yaml, personal config, config of the host, defaults. The first that sets a value wins. Lists
add up, strongest items first; of two items that mean the same thing (mounts with the same target, images of the same name) the
stronger one counts. `services` is a choice and no collection: it is taken whole.

@returns the winners, each with its origin
*/
export function merge(layers: Sourced[][]): Sourced[] {
	const winners = new Map<string, Sourced>();
	for (const sourced of layers.flat()) {
		const identity = identityOf(sourced);
		if (!winners.has(identity)) {
			winners.set(identity, sourced);
		}
	}

	return [...winners.values()];
}

/** The winners as one object in the shape of gpubox.yaml. */
export function toSettings(winners: Sourced[]): Settings {
	const settings: Record<string, unknown> = {};
	for (const {key, value, item} of winners) {
		const path = key.split('.');
		const last = path.pop() ?? key;
		const section = path.reduce<Record<string, unknown>>((parent, name) => {
			parent[name] ??= {};
			return parent[name] as Record<string, unknown>;
		}, settings);
		section[last] = item ? [...((section[last] as unknown[] | undefined) ?? []), value] : value;
	}

	// Every value passed the schema on its way in.
	return settings as Settings;
}

/** Two values with the same identity conflict. */
function identityOf({key, value, item}: Sourced): string {
	if (!item) {
		return key;
	}

	switch (key) {
		case 'mounts':
			return `${key} ${String(value)
				.split(':')[1]
				?.replace(/(?<=.)\/+$/, '')}`;
		case 'images':
			return `${key} ${(value as {reference: string}).reference}`;
		case 'commands':
			// One with a mistake may be anything.
			return `${key} ${(value as {name?: unknown} | null)?.name ?? JSON.stringify(value)}`;
		default:
			return `${key} ${String(value)}`;
	}
}
