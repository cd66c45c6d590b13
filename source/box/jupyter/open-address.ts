/** What to say of a box that other machines can reach, and where they do. */
import type {NetworkInterfaceInfo} from 'node:os';
import type {Box, ServiceName} from '../box.ts';

/** Of containers and virtual machines: nobody outside sees them. */
const inner = /^(?:docker|br-|veth|virbr|cni|flannel|podman|lxc|lxd)/;

/** What to say before such a box is made. */
export function warnOfOpenAddress(services: readonly ServiceName[], bind: string): string {
	return services.includes('jupyter')
		? `With --bind ${bind} everybody on the network reaches this box, over plain HTTP: only the token keeps them out, and it can be read on its way.`
		: `With --bind ${bind} everybody on the network reaches this box's SSH.`;
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

	// One that is published on all addresses is listed under this machine's own.
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
