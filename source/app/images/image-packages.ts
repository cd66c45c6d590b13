/** All packages of an image, of the distribution and of Python. */
import {randomUUID} from 'node:crypto';
import {Failure} from '../../base/failure.ts';
import {readTemplate} from '../../base/templates.ts';
import type {Engine} from '../../engine/engine.ts';
import {onceSpec, runOnce} from '../../engine/run-once.ts';
import type {SbomPackage} from '../../image/scan/sbom.ts';
import {readInsideImage} from '../../job/lock/inside.ts';

/**
Reads them in containers without network and GPU.

@returns `gaps` names what cannot be read: an image without Python, or with a package manager that gpubox does not know
@throws EngineError, or the reason of the signal
*/
export async function readImagePackages(
	engine: Engine,
	image: string,
	signal: AbortSignal,
): Promise<{packages: SbomPackage[]; gaps: string[]}> {
	const [system, python] = [await readSystem(engine, image, signal), await readPython(engine, image, signal)];
	return {
		packages: [...(system ?? []), ...(python ?? [])],
		gaps: [
			...(system === undefined ? ['packages of the distribution: neither dpkg nor rpm answers'] : []),
			...(python === undefined ? ['Python packages: there is no Python that answers'] : []),
		],
	};
}

async function readSystem(engine: Engine, image: string, signal: AbortSignal): Promise<SbomPackage[] | undefined> {
	const spec = onceSpec(
		`gpubox-list-${randomUUID().slice(0, 8)}`,
		image,
		['/bin/sh', '-c', readTemplate('job/packages.sh')],
		{
			uuids: [],
			mechanism: 'gpu',
		},
	);
	spec.environment = {...spec.environment, NVIDIA_VISIBLE_DEVICES: 'void'};
	const {exitCode, stdout} = await runOnce(engine, spec, signal);
	return exitCode === 0 ? parseSystem(stdout) : undefined;
}

/** Tabs are blanks here: output of a container is made safe line by line. Pure. */
export function parseSystem(output: string): SbomPackage[] | undefined {
	const lines = output.split('\n').map((line) => line.trim().split(/\s+/));
	const start = lines.findIndex(([kind]) => kind === 'deb' || kind === 'rpm');
	const [kind, system = 'linux'] = lines[start] ?? [];
	return kind === undefined
		? undefined
		: lines
				.slice(start + 1)
				.flatMap(([name, version, architecture]) =>
					name && version && architecture && name !== 'gpg-pubkey'
						? [{kind: kind as 'deb' | 'rpm', name, version, system, architecture}]
						: [],
				);
}

async function readPython(engine: Engine, image: string, signal: AbortSignal): Promise<SbomPackage[] | undefined> {
	try {
		const {distributions} = await readInsideImage(engine, image, [], signal);
		return distributions.map(({name, version}) => ({kind: 'pypi', name, version}));
	} catch (error) {
		signal.throwIfAborted();
		if (error instanceof Failure) {
			return undefined;
		}

		throw error;
	}
}
