import type {Container} from '../engine/engine.ts';
import {safeText} from '../text/safe.ts';
import {
	type Box,
	containerPrefix,
	extensionPrefix,
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

/** Who owns a container, according to the caller's records. */
export type Provenance = {
	mine?: FoundRecord | undefined;
	pending?: FoundRecord | undefined;
	/** The caller, where the engine is on another machine: the records of its boxes are there, so labels are used instead. */
	caller?: string;
};

/**
Reads a box back from its container. Undefined when gpubox did not create it.

For the caller's own boxes the record counts, for others the labels: foreign text, which anyone with access to the engine can write.
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
		...(startOf === undefined ? {} : {startOf, ...(labels[label.kind] === 'restart' ? {restart: true as const} : {})}),
		...(isExtension(container) ? {extension: true as const} : {}),
		...(container.name.startsWith(replacedPrefix) ? {replaced: true as const} : {}),
		...(labels[label.kind] === 'run' ? {job: {stopSeconds: stopSecondsOf(labels[label.stopTimeout])}} : {}),
		owner: safeText(labels[label.owner] ?? ''),
		...uidOf(labels[label.uid]),
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
The engine's name for the container, which it keeps unique; a label could contain any name. Only a container that holds cards for a
starting box has no name of its own.
*/
function nameOf(container: Container, labels: Record<string, string>, startOf: string | undefined): string | undefined {
	const told = labels[label.name] ?? '';
	if (startOf !== undefined) {
		const isKnown = container.name.startsWith(startClaimPrefix) || isExtension(container);
		return isKnown && namePattern.test(told) ? told : undefined;
	}

	const prefix = [replacedPrefix, containerPrefix].find((each) => container.name.startsWith(each));
	const name = prefix === undefined ? '' : container.name.slice(prefix.length);
	// gpubox sets an empty label on containers that are not boxes, so that they do not inherit one from their image.
	return told !== '' && namePattern.test(name) ? name : undefined;
}

function isExtension({name}: Pick<Container, 'name'>): boolean {
	return name.startsWith(extensionPrefix);
}

/**
Where the services of a box answer. For a running container only the ports that the engine publishes for it, so that nothing is sent to
another user's port; for a stopped one the ports of its next start.
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

function uidOf(text = ''): Pick<Box, 'uid'> {
	return /^\d{1,10}$/.test(text) ? {uid: Number(text)} : {};
}

/** A label of another user could hold anything. */
function stopSecondsOf(text = ''): number {
	return /^\d{1,6}$/.test(text) ? Number(text) : 0;
}

/** Undefined when the text is not a time. */
function untilOf(text = ''): Pick<Box, 'until'> {
	const until = new Date(text);
	return Number.isNaN(until.getTime()) ? {} : {until};
}

/** Whether other machines can reach one of its ports: as the engine publishes it now, or at the next start. */
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

	// Numeric addresses only: whoever wrote the label controls what a name resolves to.
	return /^[\d.]{7,15}$|^[\da-f:.]{2,45}$/i.test(address) ? address : undefined;
}

/**
Every gpubox label, on every container: one that is not set would be inherited from the image. An empty label means that it was not
requested.

@param imageLabels names of the labels that the image sets
*/
export function allLabels(set: Record<string, string>, imageLabels: readonly string[] = []): Record<string, string> {
	const names = [
		...Object.values(label),
		...(Object.keys(servicePorts) as ServiceName[]).map(portLabel),
		...imageLabels.filter((name) => name.startsWith(labelPrefix)),
	];
	return {...Object.fromEntries(names.map((name) => [name, ''])), ...set};
}
