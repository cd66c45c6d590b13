import {type PortableJob, usualUser} from './portable-job.ts';

/** The name of the user in images that the exported Dockerfile builds. */
export const userName = 'gpubox';

/** Where a user without an entry in the image's passwd can write: the one folder that every image has, and that all users can write to. */
const bareHome = '/tmp';

/** The home of the user in images that the exported Dockerfile builds. */
export const builtHome = `/home/${userName}`;

/**
The variables of a container: user and caches, threads, the floor, then the project's own, which win.

@param options.built whether the image was built by the exported Dockerfile, and so has a home
@param options.byRuntime whether the NVIDIA container runtime reads the variables
*/
export function environmentOf(
	job: PortableJob,
	{built, byRuntime = true}: {built: boolean; byRuntime?: boolean},
): Record<string, string> {
	const home = built ? builtHome : bareHome;
	return {
		HOME: home,
		// Without a name for the uid, Python's getpass fails, and torch.compile with it.
		USER: userName,
		LOGNAME: userName,
		PYTHONUNBUFFERED: '1',
		...cacheEnvironment(job),
		...threads(job),
		...(byRuntime ? runtimeEnvironment(job) : {}),
		...job.environment,
	};
}

function cacheEnvironment({mounts}: PortableJob): Record<string, string> {
	const cache = mounts.find(({kind}) => kind === 'cache')?.target;
	return cache === undefined
		? {}
		: {
				XDG_CACHE_HOME: cache,
				HF_HOME: `${cache}/huggingface`,
				TORCH_HOME: `${cache}/torch`,
				TRITON_CACHE_DIR: `${cache}/triton`,
				TORCHINDUCTOR_CACHE_DIR: `${cache}/torchinductor`,
			};
}

/** torchrun sets 1 and plain Python one for each CPU of the node, whatever the limit. */
function threads({limits, nproc = 1}: PortableJob): Record<string, string> {
	if (limits.cpus === undefined) {
		return {};
	}

	const count = String(Math.max(1, Math.floor(limits.cpus / nproc)));
	return {OMP_NUM_THREADS: count, MKL_NUM_THREADS: count};
}

function runtimeEnvironment({gpus, floor}: PortableJob): Record<string, string> {
	if (gpus === 0) {
		// Images set `all`, and where NVIDIA's runtime is the default one it would give every GPU.
		return {NVIDIA_VISIBLE_DEVICES: 'void'};
	}

	const requirement = [
		...(floor.driver === undefined ? [] : [`driver>=${floor.driver}`]),
		...(floor.computeCapability === undefined ? [] : [`arch>=${floor.computeCapability}`]),
	];
	return {
		NVIDIA_DRIVER_CAPABILITIES: 'compute,utility',
		// The runtime refuses to start the container on a host that does not meet it; comma means and.
		...(requirement.length === 0 ? {} : {NVIDIA_REQUIRE_GPUBOX: requirement.join(',')}),
	};
}

/** `uid:gid` */
export function userOf({user = usualUser}: PortableJob): string {
	return `${user.uid}:${user.gid}`;
}
