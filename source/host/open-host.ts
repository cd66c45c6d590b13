import {exitCode, Failure} from '../base/failure.ts';
import {homeFolder} from '../base/home.ts';
import {type EngineAddress, findEngineAddress, isLocalAddress} from '../engine/address.ts';
import {lazyDocker} from '../engine/lazy.ts';
import {sshWords} from '../engine/ssh-words.ts';
import type {NvidiaSmi} from '../gpu/gpu.ts';
import {waking} from '../gpu/problems.ts';
import {remoteCommand} from '../gpu/smi/locate.ts';
import type {Host} from './host.ts';
import {findPaths, whoAmI} from './user.ts';

/**
The host that flags and environment select. Nothing is connected yet.

@param options.quiet nothing is written to stderr while the driver wakes up: the session shows that itself
*/
export function openHost(options: {host?: string | undefined; quiet?: true}): Host {
	const address = findEngineAddress(process.env, homeFolder(process.env), options.host);
	return {
		engine: lazyDocker(address),
		nvidiaSmi: {...nvidiaSmiAt(address, process.env), ...(options.quiet ? {} : {onSlow: tellOnce()})},
		person: whoAmI(process.env),
		paths: findPaths(process.env),
		askHttp: async (...request) => (await import('./ask-http.ts')).askHttp(...request),
		demo: false,
	};
}

/** However many questions wait for the driver, it is told once. */
function tellOnce(): () => void {
	let told = false;
	return () => {
		if (!told) {
			told = true;
			const {message, fix} = waking();
			process.stderr.write(`${message}\n  → ${fix}\n`);
		}
	};
}

/** nvidia-smi where the engine is: the GPUs that matter are those that boxes get. */
function nvidiaSmiAt({url}: EngineAddress, environment: NodeJS.ProcessEnv): NvidiaSmi {
	if (isLocalAddress(url) || !url.startsWith('ssh://')) {
		return {file: 'nvidia-smi', arguments: [], environment, local: true};
	}

	if (!URL.canParse(url)) {
		throw new Failure(`"${url}" is not an address of a machine.`, {
			fix: 'Write it as ssh://user@machine.',
			exitCode: exitCode.noEngine,
		});
	}

	return {file: 'ssh', arguments: [...sshWords(new URL(url)), remoteCommand('nvidia-smi')], environment};
}
