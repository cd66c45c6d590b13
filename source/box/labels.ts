import type {Container} from '../engine/engine.ts';
import {safeText} from '../text/safe.ts';
import {
	type Box,
	containerPrefix,
	isRunning,
	label,
	labelPrefix,
	namePattern,
	ownServerPort,
	portLabel,
	replacedPrefix,
	type ServiceName,
	servicePorts,
	startClaimPrefix,
} from './box.ts';
import type {FoundRecord} from './record.ts';

/** Whose a container is, as the caller's records tell. */
export type Provenance = {
	mine?: FoundRecord | undefined;
	pending?: FoundRecord | undefined;
	/** Name of the caller, where the engine is on another machine: the records of its boxes are there, so labels have to do. */
	caller?: string;
};

/**
Reads a box back from its container. Undefined when it is none of gpubox's.

Of the caller's own the record is believed, of others the labels: foreign text, which anyone who may talk to the engine can write.
*/
export function toBox(container: Container, {mine, pending, caller}: Provenance = {}): Box | undefined {
	const labels = mine?.record.labels ?? container.labels;
	const startOf = labels[label.startOf] || undefined;
	const name = nameOf(container, labels, startOf);
	if (name === undefined) {
		return undefined;
	}

	const services = (labels[label.services] ?? '')
		.split(',')
		.filter((service): service is ServiceName => Object.hasOwn(servicePorts, service));
	const rootPassword = labels[label.rootPassword] === 'true';
	return {
		name,
		id: container.id,
		mine: mine !== undefined || (caller !== undefined && caller === labels[label.owner]),
		...(pending ? {pending: true as const} : {}),
		...(startOf === undefined ? {} : {startOf}),
		...(container.name.startsWith(replacedPrefix) ? {replaced: true as const} : {}),
		owner: safeText(labels[label.owner] ?? ''),
		user: safeText(labels[label.user] || labels[label.owner] || ''),
		project: safeText(labels[label.project] ?? ''),
		projectPath: mine?.record.project ?? labels[label.project] ?? '',
		folder: (mine ?? pending)?.folder,
		state: container.state,
		services,
		addresses: addressesOf(container, services, labels, rootPassword),
		...(labels[label.jupyterPath] === 'private' ? {privatePath: true} : {}),
		...(isOpen(container, labels) ? {open: true as const} : {}),
		gpus: (labels[label.gpus] ?? '').split(',').flatMap((uuid) => (/^[\w/-]{1,100}$/.test(uuid) ? [uuid] : [])),
		shareGpus: labels[label.share] === 'true',
		sudo: labels[label.sudo] === 'true',
		rootPassword,
		secrets: (labels[label.secrets] ?? '').split(',').filter((secret) => /^\w{1,64}$/.test(secret)),
		image: safeText(labels[label.image] || container.image),
		imageId: container.imageId,
		createdAt: container.createdAt,
		...untilOf(labels[label.until]),
		...(labels[label.postCreate] === 'true' ? {postCreate: true} : {}),
		spec: safeText(labels[label.spec] ?? ''),
	};
}

/**
The engine's own name for the container, which it keeps unique: a label could say any name. Only what holds cards for a box that is
about to start has no name of its own.
*/
function nameOf(container: Container, labels: Record<string, string>, startOf: string | undefined): string | undefined {
	const told = labels[label.name] ?? '';
	if (startOf !== undefined) {
		return container.name.startsWith(startClaimPrefix) && namePattern.test(told) ? told : undefined;
	}

	const prefix = [replacedPrefix, containerPrefix].find((each) => container.name.startsWith(each));
	const name = prefix === undefined ? '' : container.name.slice(prefix.length);
	// An empty label is how gpubox keeps a container that is no box from inheriting one of its image.
	return told !== '' && namePattern.test(name) ? name : undefined;
}

/**
Where the services of a box answer. Of a running container only what the engine itself publishes for it, so that nothing is sent to
a port that belongs to somebody else; of a stopped one the ports that it will have again.
*/
function addressesOf(
	container: Container,
	services: readonly ServiceName[],
	labels: Record<string, string>,
	rootPassword: boolean,
): Box['addresses'] {
	const inner = rootPassword ? {...servicePorts, ssh: ownServerPort} : servicePorts;
	const addresses: Box['addresses'] = {};
	const runs = isRunning(container);
	for (const service of services) {
		const published = container.ports.find((port) => port.containerPort === inner[service]);
		const port = runs ? published?.hostPort : Number(labels[portLabel(service)] || Number.NaN);
		const host = reachable(runs ? published?.hostAddress : labels[label.bind]);
		if (port !== undefined && Number.isInteger(port) && port > 0 && port < 65_536 && host !== undefined) {
			addresses[service] = {host, port};
		}
	}

	return addresses;
}

/** Not every text is a time. */
function untilOf(text = ''): Pick<Box, 'until'> {
	const until = new Date(text);
	return Number.isNaN(until.getTime()) ? {} : {until};
}

/** Whether other machines reach a port of it: as the engine publishes it now, or will again. */
function isOpen({ports}: Container, labels: Record<string, string>): boolean {
	const published = ports.flatMap(({hostAddress}) => hostAddress || []);
	const addresses = published.length > 0 ? published : [labels[label.bind] || '127.0.0.1'];
	return addresses.some((address) => !/^127\.|^::1$/.test(address));
}

/** An address that one can connect to: a port bound to all addresses is reachable at this machine's own. */
function reachable(address = ''): string | undefined {
	if (address === '' || address === '0.0.0.0' || address === '::') {
		return '127.0.0.1';
	}

	// Numbers only: a name would be looked up wherever its writer likes.
	return /^[\d.]{7,15}$|^[\da-f:.]{2,45}$/i.test(address) ? address : undefined;
}

/**
Every label that gpubox has, on every container: what is not set would be inherited from the image. An empty one means that it was
not asked for.

@param imageLabels names of the labels that the image brings
*/
export function allLabels(set: Record<string, string>, imageLabels: readonly string[] = []): Record<string, string> {
	const names = [
		...Object.values(label),
		...(Object.keys(servicePorts) as ServiceName[]).map(portLabel),
		...imageLabels.filter((name) => name.startsWith(labelPrefix)),
	];
	return {...Object.fromEntries(names.map((name) => [name, ''])), ...set};
}
