/** What cannot be set anywhere: the variables that gpubox sets or reads itself, and the paths of its own files. */
import {posix} from 'node:path';

/** Each with the alternative that works. */
const variables: Record<string, string> = {
	HOME: 'Remove it.',
	USER: 'Remove it.',
	LOGNAME: 'Remove it.',
	NVIDIA_VISIBLE_DEVICES: 'Remove it and use the setting gpus (--gpus) to choose GPUs.',
	NVIDIA_MIG_CONFIG_DEVICES: 'Remove it: a box cannot change MIG partitions.',
	NVIDIA_MIG_MONITOR_DEVICES: 'Remove it and use the setting gpus (--gpus) to choose GPUs.',
	JUPYTER_RUNTIME_DIR: 'Remove it: the token is written there, so it must not be in a shared folder.',
	JUPYTER_TOKEN: 'Remove it: gpubox creates its own token, which is not in the environment.',
	JUPYTER_TOKEN_FILE: 'Remove it: gpubox creates its own token.',
};

/** The fix for a variable that is reserved for gpubox; undefined for others. */
export function reservedVariable(name: string): string | undefined {
	return /^GPUBOX_/i.test(name)
		? 'Remove it: names that start with GPUBOX_ are reserved for gpubox.'
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
Whether a path inside a box belongs to gpubox, or would hide one that does.

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
