/** `gpubox doctor` on the demo host: its GPUs and its engine, on a machine that is otherwise in order. */
import type {CheckUnderWay, Examined} from '../../app/check-host.ts';
import type {Check} from '../../doctor/check.ts';
import {diagnose, diagnoseSoFar} from '../../doctor/diagnose.ts';
import type {HostFacts} from '../../doctor/facts.ts';
import {EngineError} from '../../engine/engine.ts';
import {readInventory} from '../../gpu/inventory.ts';
import type {Host} from '../../host/host.ts';

const diskFreeBytes = 31 * 1024 ** 3;
/** Of an H100. */
const deviceId = 0x2330;

export async function checkDemoHost(
	{engine, nvidiaSmi, person}: Host,
	{signal, onChecks}: {signal: AbortSignal; onChecks?: (checks: Array<Check | CheckUnderWay>) => void},
): Promise<Examined> {
	onChecks?.(diagnoseSoFar({}));
	const asked = Promise.all([askEngine(engine, signal), engine.listImages(signal)]);
	const inventory = await readInventory(nvidiaSmi, {signal});
	const {gpus, driverVersion} = inventory;
	const gpuFacts = {
		address: engine.address,
		local: true,
		distribution: {name: 'Ubuntu 24.04.1 LTS', family: 'ubuntu'},
		wsl: false,
		pci: gpus.map(({busId}) => ({busId: busId ?? '', device: deviceId, driver: 'nvidia'})),
		loaded: {version: driverVersion, flavour: 'open'},
		installedModule: driverVersion ?? undefined,
		nouveau: false,
		secureBoot: false,
		inventory,
	} satisfies Partial<HostFacts>;
	onChecks?.(diagnoseSoFar(gpuFacts));
	const [answer, images] = await asked;
	const facts: HostFacts = {
		...gpuFacts,
		engine: answer,
		dockerInstalled: true,
		person: {name: person.name, root: false, groupExists: true, inGroup: true, groupActive: true},
		toolkit: {version: '1.18.0', hook: true, cdiFiles: []},
		container:
			gpus.length === 0 || !('info' in answer)
				? {kind: 'skipped', reason: 'no GPU to pass to a container'}
				: {kind: 'seen', image: images[0]?.tags[0] ?? 'an image', gpus: gpus.length},
		sharedMemory: {freeBytes: diskFreeBytes, writable: true},
		freeDiskBytes: diskFreeBytes,
		portsTaken: [],
		registry: {
			url: 'https://registry-1.docker.io/v2/',
			mirror: false,
			lookup: {kind: 'found'},
			answer: {kind: 'answered', status: 401, aheadMs: 0},
		},
		shellProxy: false,
		dockerProxy: undefined,
		sshKeys: {usable: ['id_ed25519'], client: true},
	};
	return {checks: diagnose(facts), facts};
}

async function askEngine(engine: Host['engine'], signal: AbortSignal): Promise<HostFacts['engine']> {
	try {
		return {info: await engine.info(signal)};
	} catch (error) {
		if (error instanceof EngineError) {
			return {error: {code: error.code, message: error.message, fix: error.fix}};
		}

		throw error;
	}
}
