import type {Place} from './place.ts';
import type {PlaceName} from './place-names.ts';

/**
@param address how the place is reached; undefined for the usual one of this machine
@throws Failure (usage) for an address that the place cannot have
*/
export async function openPlace(name: PlaceName, address: string | undefined): Promise<Place> {
	switch (name) {
		case 'slurm':
			return (await import('./slurm.ts')).slurmAt(address);
		case 'kubernetes':
			return (await import('./kubernetes.ts')).kubernetesAt(address);
		case 'swarm':
			return (await import('./swarm/swarm.ts')).swarmAt(address);
	}
}
