import {createServer, type Server} from 'node:net';
import {servicePorts} from '../../../source/box/box.ts';

/**
The test hosts share the machine's ports. A box that is stopped and started again must not find that one of the other host has taken its
port meanwhile; without the usual ones, each box gets those that belong to its project.
*/
export function holdUsualPorts(): Promise<Server[]> {
	return Promise.all(
		Object.values(servicePorts).map(
			(port) =>
				new Promise<Server>((resolve) => {
					const server = createServer();
					// Another program may have it, which is as good.
					server.once('error', () => resolve(server));
					server.listen(port, '127.0.0.1', () => resolve(server));
				}),
		),
	);
}
