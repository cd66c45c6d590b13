import type {Container} from '../engine/engine.ts';
import {safeText} from '../text/safe.ts';
import {
	type Box,
	containerPrefix,
	label,
	namePattern,
	ownServerPort,
	portLabel,
	type ServiceName,
	servicePorts,
} from './box.ts';

/**
Reads a box back from its container's labels. Undefined when the container is not one of gpubox's.

Labels are foreign text: anyone who may talk to the engine can write them.
*/
export function toBox(container: Container): Box | undefined {
	const {labels} = container;
	const {[label.name]: name} = labels;
	// The name becomes a part of paths.
	if (name === undefined || !namePattern.test(name) || !container.name.startsWith(containerPrefix)) {
		return undefined;
	}

	const services = (labels[label.services] ?? '')
		.split(',')
		.filter((service): service is ServiceName => service in servicePorts);
	const rootPassword = labels[label.rootPassword] === 'true';
	const inner = rootPassword ? {...servicePorts, ssh: ownServerPort} : servicePorts;
	const addresses: Box['addresses'] = {};
	for (const service of services) {
		const published = container.ports.find((port) => port.containerPort === inner[service]);
		const port = published?.hostPort ?? Number(labels[portLabel(service)]);
		if (Number.isInteger(port) && port > 0) {
			addresses[service] = {host: reachable(published?.hostAddress || labels[label.bind] || ''), port};
		}
	}

	return {
		name,
		id: container.id,
		owner: safeText(labels[label.owner] ?? ''),
		user: safeText(labels[label.user] ?? labels[label.owner] ?? ''),
		project: safeText(labels[label.project] ?? ''),
		folder: folderOf(name, labels[label.folder]),
		state: container.state,
		services,
		addresses,
		gpus: (labels[label.gpus] ?? '').split(',').flatMap((uuid) => (/^[\w-]+$/.test(uuid) ? [uuid] : [])),
		keepsLimits: labels[label.limits] === 'kept',
		shareGpus: labels[label.share] === 'true',
		sudo: labels[label.sudo] === 'true',
		rootPassword,
		secrets: (labels[label.secrets] ?? '').split(',').filter((name) => /^\w+$/.test(name)),
		image: safeText(labels[label.image] ?? container.image),
		imageId: container.imageId,
		createdAt: container.createdAt,
		...untilOf(labels[label.until]),
		...(labels[label.postCreate] === 'true' ? {postCreate: true} : {}),
		spec: safeText(labels[label.spec] ?? ''),
		version: safeText(labels[label.version] ?? ''),
	};
}

/** Only a folder that can be this box's. Without the label the box is of an earlier version. */
function folderOf(name: string, told = name): string {
	return told.startsWith(`${name}~`) && /^\w+$/.test(told.slice(name.length + 1)) ? told : name;
}

/** Not every text is a time. */
function untilOf(text = ''): Pick<Box, 'until'> {
	const until = new Date(text);
	return Number.isNaN(until.getTime()) ? {} : {until};
}

/** An address that one can connect to: a port bound to all addresses is reachable at this machine's own. */
function reachable(address: string): string {
	return address === '' || address === '0.0.0.0' || address === '::' ? '127.0.0.1' : safeText(address);
}
