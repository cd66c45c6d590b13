import type {EngineAddress} from '../address.ts';
import type {Swarm} from './swarm.ts';

/** Nothing is connected before the first call. @throws EngineError (no address) */
export async function openSwarm(address: EngineAddress): Promise<Swarm> {
	const {connectSwarm} = await import('../docker/swarm.ts');
	return connectSwarm(address);
}
