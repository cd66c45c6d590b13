import type {ContainerSpec, Mount} from '../../engine/engine.ts';
import {toDockerBytes} from '../../text/bytes.ts';
import {shellQuoteVisibly} from '../../text/shell-quote.ts';

/**
A container as a `docker run` command that can be pasted into a shell: one option a line.

@param options.stays false for one that ends on its own: it runs in the foreground and is removed then
*/
export function toDockerRun(spec: ContainerSpec, {stays = true}: {stays?: boolean} = {}): string {
	const options: string[][] = [
		[stays ? '--detach' : '--rm'],
		['--name', spec.name],
		[`--init${spec.init ? '' : '=false'}`],
		...(spec.hostname ? [['--hostname', spec.hostname]] : []),
		...(spec.user ? [['--user', spec.user]] : []),
		...(spec.workingDirectory ? [['--workdir', spec.workingDirectory]] : []),
		...gpuOptions(spec),
		...spec.ports.map((port) => ['--publish', `${port.hostAddress}:${port.hostPort}:${port.containerPort}`]),
		...spec.mounts.map((mount) => ['--mount', mountOption(mount)]),
		...Object.entries(spec.environment).map(([key, value]) => ['--env', `${key}=${value}`]),
		...(spec.sharedMemoryBytes ? [['--shm-size', toDockerBytes(spec.sharedMemoryBytes)]] : []),
		...(spec.memoryBytes ? [['--memory', toDockerBytes(spec.memoryBytes)]] : []),
		...(spec.cpus ? [['--cpus', String(spec.cpus)]] : []),
		...(spec.pidsLimit ? [['--pids-limit', String(spec.pidsLimit)]] : []),
		...Object.entries(spec.ulimits ?? {}).map(([name, limit]) => ['--ulimit', `${name}=${limit}:${limit}`]),
		...spec.capDrop.map((capability) => ['--cap-drop', capability]),
		...spec.capAdd.map((capability) => ['--cap-add', capability]),
		...spec.securityOptions.map((option) => ['--security-opt', option]),
		...(spec.groups ?? []).map((group) => ['--group-add', String(group)]),
		...(spec.network ? [['--network', spec.network]] : []),
		...(spec.ipc ? [['--ipc', spec.ipc]] : []),
		...(spec.cgroupNamespace ? [['--cgroupns', spec.cgroupNamespace]] : []),
		...(spec.userNamespace ? [['--userns', spec.userNamespace]] : []),
		...(spec.runtime ? [['--runtime', spec.runtime]] : []),
		...(spec.healthCheck === false ? [['--no-healthcheck']] : []),
		...(spec.stopSignal ? [['--stop-signal', spec.stopSignal]] : []),
		...(spec.stopTimeoutSeconds === undefined ? [] : [['--stop-timeout', String(spec.stopTimeoutSeconds)]]),
		...(spec.logMaxSize
			? [
					['--log-driver', 'json-file'],
					['--log-opt', `max-size=${spec.logMaxSize}`],
					['--log-opt', `max-file=${spec.logMaxFiles ?? 3}`],
				]
			: []),
		...Object.entries(spec.labels).map(([key, value]) => ['--label', `${key}=${value}`]),
		// docker accepts one word for the entrypoint; the rest of it goes before the command.
		...(spec.entrypoint?.[0] ? [['--entrypoint', spec.entrypoint[0]]] : []),
	];
	const tail = [spec.image, ...(spec.entrypoint ?? []).slice(1), ...(spec.command ?? [])];
	return [
		'docker run',
		...options.map((words) => words.map(shellQuoteVisibly).join(' ')),
		tail.map(shellQuoteVisibly).join(' '),
	].join(' \\\n  ');
}

function gpuOptions(spec: ContainerSpec): string[][] {
	if (spec.gpus.length === 0) {
		return [];
	}

	if (spec.gpuMechanism === 'cdi') {
		return spec.gpus.map((uuid) => ['--device', `nvidia.com/gpu=${uuid}`]);
	}

	// The value is CSV: a list inside it must be quoted.
	const capabilities = spec.gpuCapabilities?.length
		? `,"capabilities=${['gpu', ...spec.gpuCapabilities].join(',')}"`
		: '';
	return [['--gpus', `"device=${spec.gpus.join(',')}"${capabilities}`]];
}

function mountOption(mount: Mount): string {
	const fields = [
		`type=${mount.type}`,
		...(mount.source ? [csv(`source=${mount.source}`)] : []),
		csv(`target=${mount.target}`),
		...(mount.readOnly ? ['readonly'] : []),
		...(mount.sizeBytes ? [`tmpfs-size=${mount.sizeBytes}`] : []),
	];
	return fields.join(',');
}

function csv(field: string): string {
	return /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
