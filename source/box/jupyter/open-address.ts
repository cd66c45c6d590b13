/** Warnings and addresses of a box that other machines can reach. */
import type {NetworkInterfaceInfo} from 'node:os';
import type {Box, ServiceName} from '../box.ts';

/** Networks of containers and virtual machines, which are not reachable from outside. */
const inner = /^(?:docker|br-|veth|virbr|cni|flannel|podman|lxc|lxd)/;

/** The warning before such a box is created. */
export function warnOfOpenAddress(services: readonly ServiceName[], bind: string): string {
	return services.includes('jupyter')
		? `With --bind ${bind} everyone on the network can reach this box over plain HTTP: only the token protects it, and the token is sent unencrypted.`
		: `With --bind ${bind} everyone on the network can reach this box's SSH port.`;
}

/**
The addresses under which other machines reach an open box.

@param interfaces of this machine
*/
export function openAddresses(
	{open, addresses}: Pick<Box, 'open' | 'addresses'>,
	interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>,
): string[] {
	const [first] = Object.values(addresses);
	if (!open || first === undefined) {
		return [];
	}

	// A port that is published on all addresses is listed under each of this machine's own.
	const hosts =
		first.host === '127.0.0.1'
			? Object.entries(interfaces).flatMap(([name, infos = []]) =>
					inner.test(name)
						? []
						: infos.filter(({internal, family}) => !internal && family === 'IPv4').map(({address}) => address),
				)
			: [first.host];
	return hosts.flatMap((host) =>
		Object.entries(addresses).map(([service, {port}]) => {
			const name = host.includes(':') ? `[${host}]` : host;
			return service === 'jupyter' ? `http://${name}:${port}/` : `ssh port ${port} of ${host}`;
		}),
	);
}
