import {basename} from 'node:path';
import {exitCode, Failure} from '../../base/failure.ts';
import {safeText} from '../../text/safe.ts';
import type {PortableJob} from './portable-job.ts';

/** How torchrun finds the other nodes. Words of a shell are marked, so that they are not quoted. */
type Rendezvous = {rank: string; address: string};

/**
The command that a container runs: torchrun where there are several processes, after the project's setup command unless that is in the
image already.

@param rendezvous for several nodes; the words as the target replaces or expands them
@throws Failure (usage) for a command that torchrun cannot start
*/
export function commandOf(job: PortableJob, rendezvous?: Rendezvous): string[] {
	const argv = launched(job, rendezvous);
	return job.setup === undefined || job.built
		? argv
		: ['sh', '-c', 'sh -c "$1" && shift && exec "$@"', 'sh', job.setup, ...argv];
}

function launched({argv, nproc, nodes}: PortableJob, rendezvous?: Rendezvous): string[] {
	if (nproc === undefined) {
		return [...argv];
	}

	return [
		'torchrun',
		...(rendezvous === undefined
			? ['--standalone', '--nnodes=1', `--nproc-per-node=${nproc}`]
			: [
					`--nnodes=${nodes}`,
					`--nproc-per-node=${nproc}`,
					`--node-rank=${rendezvous.rank}`,
					`--master-addr=${rendezvous.address}`,
					'--master-port=29500',
				]),
		...scriptWords(argv),
	];
}

/** torchrun starts Python itself, with a script or a module. */
function scriptWords(argv: readonly string[]): string[] {
	const [program = '', ...rest] = argv;
	if (!/^python(?:\d+(?:\.\d+)?)?$/.test(basename(program))) {
		return program.endsWith('.py') ? [...argv] : ['--no-python', ...argv];
	}

	const words = rest[0] === '-u' ? rest.slice(1) : rest;
	const [first] = words;
	if (first === undefined || (first.startsWith('-') && !(first === '-m' && words.length > 1))) {
		throw new Failure(`torchrun cannot start "${safeText(argv.join(' '))}".`, {
			fix: 'It starts a script or a module: --nproc 2 -- python train.py',
			exitCode: exitCode.usage,
		});
	}

	return words;
}
