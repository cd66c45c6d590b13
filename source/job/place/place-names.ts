/** The places that `gpubox run --on` knows, as help and documents show them. The code of each is loaded when it is used. */
const placeFacts = {
	slurm: {summary: 'a Slurm cluster: sbatch here, or on the machine of --host'},
	swarm: {summary: 'a Docker Swarm: the engine here, or that of --host, is a manager'},
	kubernetes: {summary: 'a Kubernetes cluster: kubectl and its current context'},
} as const satisfies Record<string, {summary: string}>;

export type PlaceName = keyof typeof placeFacts;

export const placeNames = Object.keys(placeFacts) as PlaceName[];

export function isPlaceName(text: string): text is PlaceName {
	return (placeNames as string[]).includes(text);
}

/** A line for each place, as help shows it. */
export const placeLines: readonly string[] = placeNames.map((name) => `${name.padEnd(11)} ${placeFacts[name].summary}`);
