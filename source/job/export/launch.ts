import {type Rendezvous, torchrunArguments} from '../torchrun.ts';
import type {PortableJob} from './portable-job.ts';

/**
The command that a container runs: torchrun where there are several processes, after the project's setup command unless that is in the
image already.

@param rendezvous for several nodes; the words as the target replaces or expands them
@throws Failure (usage) for a command that torchrun cannot start
*/
export function commandOf(job: PortableJob, rendezvous?: Omit<Rendezvous, 'nodes'>): string[] {
	const {argv: words, nproc, nodes} = job;
	const argv =
		nproc === undefined
			? [...words]
			: ['torchrun', ...torchrunArguments(words, nproc, rendezvous && {...rendezvous, nodes})];
	return job.setup === undefined || job.built
		? argv
		: ['sh', '-c', 'sh -c "$1" && shift && exec "$@"', 'sh', job.setup, ...argv];
}
