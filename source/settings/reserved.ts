/** What nobody may set, whoever says it: the variables that gpubox sets or reads itself, and the places where it puts its own files. */
import {posix} from 'node:path';

/** Each with what says the same in a way that holds. */
const variables: Record<string, string> = {
	HOME: 'Leave it out.',
	USER: 'Leave it out.',
	LOGNAME: 'Leave it out.',
	NVIDIA_VISIBLE_DEVICES: 'Leave it out: the setting gpus (--gpus) says which GPUs a box gets.',
	NVIDIA_MIG_CONFIG_DEVICES: 'Leave it out: a box does not change how cards are cut.',
	NVIDIA_MIG_MONITOR_DEVICES: 'Leave it out: the setting gpus (--gpus) says which GPUs a box gets.',
	JUPYTER_RUNTIME_DIR: 'Leave it out: the token is written there, so it must be in no shared folder.',
	JUPYTER_TOKEN: 'Leave it out: gpubox makes a token of its own, which is in no environment.',
	JUPYTER_TOKEN_FILE: 'Leave it out: gpubox makes a token of its own.',
};

/** What to say of a variable that is gpubox's own; undefined for others. */
export function reservedVariable(name: string): string | undefined {
	return /^GPUBOX_/i.test(name)
		? 'Leave it out: names that start with GPUBOX_ are for gpubox.'
		: Object.hasOwn(variables, name)
			? variables[name]
			: undefined;
}

/** Nothing may be mounted here, below here, or over it. */
const ownPlaces = [
	'/run/gpubox',
	'/run/secrets',
	'/etc/passwd',
	'/etc/group',
	'/etc/profile.d/zz-gpubox.sh',
	// Shells read their environment there; Jupyter keeps the token there.
	'/tmp/gpubox',
	'/tmp/jupyter-runtime',
	'/proc',
	'/sys',
	'/dev',
];

/** Nothing may be mounted here or over it; below is fine. */
const ownFolders = ['/workspace'];

/**
Whether a place inside a box is gpubox's own, or would hide one that is.

@param target absolute, as it was written
@param more folders like /workspace: the home
*/
export function isReservedTarget(target: string, more: readonly string[] = []): boolean {
	// In nearly every image /var/run is a link to /run, which the engine follows.
	const path = withoutSlash(posix.normalize(target)).replace(/^\/var\/run(?=\/|$)/, '/run');
	return (
		ownPlaces.some((place) => isWithin(place, path) || isWithin(path, place)) ||
		[...ownFolders, ...more].some((place) => isWithin(path, place))
	);
}

function isWithin(folder: string, path: string): boolean {
	return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

function withoutSlash(path: string): string {
	return path.replace(/(?<=.)\/+$/, '');
}
