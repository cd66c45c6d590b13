import {createServer} from 'node:net';

/** Whether this machine lets one listen there now. Another program's port shows up here only, never in the engine's lists. */
export function isPortFree(port: number, address: string): Promise<boolean> {
	return new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(false));
		server.listen({port, host: address, exclusive: true}, () => server.close(() => resolve(true)));
	});
}
