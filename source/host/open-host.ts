import {exitCode, Failure} from '../base/failure.ts';
import {homeFolder} from '../base/home.ts';
import {type EngineAddress, findEngineAddress, isLocalAddress} from '../engine/address.ts';
import {findConfigFault} from '../engine/config-file.ts';
import type {Engine} from '../engine/engine.ts';
import {lazyDocker} from '../engine/lazy.ts';
import {sshWords} from '../engine/ssh-words.ts';
import type {NvidiaSmi} from '../gpu/gpu.ts';
import {waking} from '../gpu/problems.ts';
import {remoteCommand} from '../gpu/smi/locate.ts';
import type {Host} from './host.ts';
import {findPaths, whoAmI} from './user.ts';

/**
The host that flags and environment select. Nothing is connected yet.

@param options.engine asked already
@param options.quiet nothing is written to stderr: the session shows itself what is to be told
*/
export function openHost(options: {host?: string | undefined; engine?: Engine | undefined; quiet?: true}): Host {
	const home = homeFolder(process.env);
	const address = findEngineAddress(process.env, home, options.host);
	const fault = findConfigFault(process.env, home);
	if (fault && !options.quiet) {
		process.stderr.write(`gpubox: ${fault.message}\n  → ${fault.fix}\n`);
	}

	return {
		engine: options.engine ?? lazyDocker(address),
		nvidiaSmi: {...nvidiaSmiAt(address, process.env), ...(options.quiet ? {} : {onSlow: tellOnce()})},
		person: whoAmI(process.env),
		paths: findPaths(process.env),
		askHttp: async (...request) => (await import('./ask-http.ts')).askHttp(...request),
		...(fault ? {dockerConfigFault: fault} : {}),
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
function nvidiaSmiAt({url, missing}: EngineAddress, environment: NodeJS.ProcessEnv): NvidiaSmi {
	// Without an engine the machine in question is this one.
	if (missing !== undefined || isLocalAddress(url)) {
		return {file: 'nvidia-smi', arguments: [], environment, local: true};
	}

	if (!url.startsWith('ssh://')) {
		return {file: 'nvidia-smi', arguments: [], environment, unreachable: url};
	}

	if (!URL.canParse(url)) {
		throw new Failure(`"${url}" is not an address of a machine.`, {
			fix: 'Write it as ssh://user@machine.',
			exitCode: exitCode.noEngine,
		});
	}

	return {file: 'ssh', arguments: [...sshWords(new URL(url)), remoteCommand('nvidia-smi')], environment};
}
