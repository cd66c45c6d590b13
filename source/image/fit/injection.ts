import {type EngineInfo, gpuMechanismOf} from '../../engine/engine.ts';
import {compareVersions, leadingVersion} from '../../text/compare-versions.ts';
import type {Injection} from '../image.ts';

/**
How an engine provides GPUs to a container, from its own description. Up to 29.1 Docker's
`--gpus` always goes through NVIDIA's prestart hook; from 29.2 on it tries CDI first and falls back to the hook, so that
only CDI devices in sight make it certain. Podman knows CDI alone. Source: moby, daemon/devices*.go at v29.7.2.
Never `none`: the hook is looked up in the daemon's PATH, which the engine does not show; a failed start tells.
*/
export function injectionOf(info: Pick<EngineInfo, 'version' | 'flavour' | 'cdiDevices'>): Injection {
	if (gpuMechanismOf(info) === 'cdi') {
		return 'cdi';
	}

	const engine = leadingVersion(info.version);
	if (engine === undefined) {
		return 'unknown';
	}

	if (compareVersions(engine, [29, 2]) < 0) {
		return 'legacy-hook';
	}

	return info.cdiDevices.some((device) => device.startsWith('nvidia.com/gpu=')) ? 'cdi' : 'unknown';
}
