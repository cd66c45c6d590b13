import {type EngineAddress, isLocalAddress} from './address.ts';
import {type Engine, EngineError} from './engine.ts';

/**
The engine at `address`, whose code is loaded with the first call. The session draws its first screen before that: loading more
beside Ink would hold the GPUs back.
*/
export function lazyDocker(address: EngineAddress): Engine {
	let loading: Promise<Engine> | undefined;
	const load = async () => {
		if (address.missing) {
			throw new EngineError('no-address', address.missing.message, {fix: address.missing.fix});
		}

		loading ??= import('./docker/docker.ts').then(({connectDocker}) => connectDocker(address));
		return loading;
	};

	return {
		address: address.url,
		// Without one the machine in question is this one.
		local: address.missing !== undefined || isLocalAddress(address.url),
		info: async (...options) => (await load()).info(...options),
		listContainers: async (...options) => (await load()).listContainers(...options),
		inspectContainer: async (...options) => (await load()).inspectContainer(...options),
		createContainer: async (...options) => (await load()).createContainer(...options),
		startContainer: async (...options) => (await load()).startContainer(...options),
		stopContainer: async (...options) => (await load()).stopContainer(...options),
		killContainer: async (...options) => (await load()).killContainer(...options),
		renameContainer: async (...options) => (await load()).renameContainer(...options),
		removeContainer: async (...options) => (await load()).removeContainer(...options),
		waitContainer: async (...options) => (await load()).waitContainer(...options),
		async *logs(...options) {
			yield* (await load()).logs(...options);
		},
		attach: async (...options) => (await load()).attach(...options),
		exec: async (...options) => (await load()).exec(...options),
		changes: async (...options) => (await load()).changes(...options),
		async *stats(...options) {
			yield* (await load()).stats(...options);
		},
		top: async (...options) => (await load()).top(...options),
		kindOfFile: async (...options) => (await load()).kindOfFile(...options),
		putFiles: async (...options) => (await load()).putFiles(...options),
		readFile: async (...options) => (await load()).readFile(...options),
		fileExists: async (...options) => (await load()).fileExists(...options),
		inspectImage: async (...options) => (await load()).inspectImage(...options),
		listImages: async (...options) => (await load()).listImages(...options),
		diskUsage: async (...options) => (await load()).diskUsage(...options),
		registryDigest: async (...options) => (await load()).registryDigest(...options),
		pullImage: async (...options) => (await load()).pullImage(...options),
		pushImage: async (...options) => (await load()).pushImage(...options),
		buildImage: async (...options) => (await load()).buildImage(...options),
		tagImage: async (...options) => (await load()).tagImage(...options),
		removeImage: async (...options) => (await load()).removeImage(...options),
		async *events(...options) {
			yield* (await load()).events(...options);
		},
	};
}
