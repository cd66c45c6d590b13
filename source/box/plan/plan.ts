import {join} from 'node:path';
import type {ContainerSpec, Mount} from '../../engine/engine.ts';
import {label, ownServerPort, portLabel, type ServiceName, servicePorts} from '../box.ts';
import {secretMounts} from '../files/secrets.ts';
import {boxFolder, inside} from '../paths.ts';
import {baseLabels, baseSpec, cpusOf, gpuEnvironment, threadsOf} from './base.ts';
import {ownServerCapabilities} from './image-sshd.ts';
import type {BoxFacts, OwnServer} from './types.ts';

/**
The box for a request on a host: the same input always gives the same container. docs/boxes.md gives the reason for each default.
*/
export function planBox(facts: BoxFacts): ContainerSpec {
	const {request, ownServer} = facts;
	const {workingDirectory, healthCheck, stopSignal, groups, ...base} = baseSpec(facts);
	const ending = {stopTimeoutSeconds: 30, logMaxSize: '10m', logMaxFiles: 3};
	const labels = labelsOf(facts);
	const ports = request.services.flatMap((service) => {
		const hostPort = facts.ports[service];
		return hostPort === undefined
			? []
			: [{containerPort: ownServer ? ownServerPort : servicePorts[service], hostPort, hostAddress: request.bind}];
	});
	return ownServer
		? {...base, ...partsOfOwnServer(facts, ownServer), labels, ports, ...ending}
		: {
				...base,
				// The image's own entrypoint may insist on a user or start services of its own: it is run for its environment alone.
				entrypoint: [`${inside.files}/start`],
				command: [...request.services, ...entrypointWords(facts)],
				environment: {...jupyterEnvironment(facts), ...base.environment},
				labels,
				...(workingDirectory === undefined ? {} : {workingDirectory}),
				...(groups === undefined ? {} : {groups}),
				...(healthCheck === undefined ? {} : {healthCheck}),
				...(stopSignal === undefined ? {} : {stopSignal}),
				mounts: [...base.mounts, ...tokenMount(facts)],
				ports,
				...ending,
			};
}

function entrypointWords({entrypoint = []}: BoxFacts): string[] {
	return entrypoint.length > 0 ? ['--', ...entrypoint] : [];
}

/** The image's own server runs as root, as the image was built for. */
function partsOfOwnServer(facts: BoxFacts, {start}: OwnServer) {
	const {request} = facts;
	return {
		entrypoint: [`${inside.files}/start-own`],
		command: start,
		environment: {...facts.proxies, ...gpuEnvironment(facts), ...threadsOf(cpusOf(facts)), ...request.environment},
		user: '0:0',
		// Root uses the home and the passwd of the image: files that root creates in the caller's home would break other boxes. And no
		// working directory: the image's own entrypoint may be written for the image's own folder.
		mounts: [
			{type: 'bind' as const, source: request.project, target: inside.project},
			{
				type: 'bind' as const,
				source: join(boxFolder(facts.paths, facts.folder), 'files'),
				target: inside.files,
				readOnly: true,
			},
			...secretMounts(facts.paths, facts.folder, request.secrets ?? []),
			...request.mounts,
		],
		capAdd: ownServerCapabilities(request.sudo ?? false),
	};
}

function labelsOf(facts: BoxFacts): Record<string, string> {
	const {request, ownServer} = facts;
	const ports = Object.entries(facts.ports).map(([service, port]) => [portLabel(service as ServiceName), String(port)]);
	return baseLabels(facts, {
		...(ownServer ? {[label.user]: 'root', [label.rootPassword]: 'true'} : {}),
		[label.services]: request.services.join(','),
		[label.jupyterPath]: request.services.includes('jupyter') ? 'private' : '',
		[label.bind]: request.bind,
		[label.postCreate]: String(request.postCreate !== undefined),
		...Object.fromEntries(ports),
	});
}

function jupyterEnvironment(facts: BoxFacts): Record<string, string> {
	const {jupyter} = facts.ports;
	return {
		// Jupyter writes the token into its runtime folder: in memory, because `docker commit` and `docker export` copy everything else.
		JUPYTER_RUNTIME_DIR: '/dev/shm/jupyter-runtime',
		...(jupyter === undefined ? {} : {GPUBOX_JUPYTER_URL: `http://127.0.0.1:${jupyter}`}),
	};
}

function tokenMount({request, paths, folder}: BoxFacts): Mount[] {
	return request.services.includes('jupyter')
		? [{type: 'bind', source: join(boxFolder(paths, folder), 'token'), target: inside.token, readOnly: true}]
		: [];
}
