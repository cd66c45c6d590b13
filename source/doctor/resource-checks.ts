/** Disk and memory, ports and SSH keys. */
import {formatBytes} from '../text/bytes.ts';
import {advise, autoFix, type CheckId, fail, type Judge, ok, skip, type Verdict, warn} from './check.ts';
import type {HostFacts} from './facts.ts';
import {installSsh} from './install.ts';

type RoomLayer = 'shared-memory' | 'disk' | 'ports' | 'ssh-keys';

const gibibyte = 1024 ** 3;
// PyTorch's smaller images take about 8 GB unpacked, plus their compressed layers until then.
const leastDisk = 10 * gibibyte;
const goodDisk = 40 * gibibyte;
// Secrets and tokens are small; less free space than this means that something has filled it.
const leastSharedMemory = 16 * 1024 ** 2;
// A box gets half of the memory as /dev/shm, 8 GiB at most; data loaders want more than one.
const leastMemory = 4 * gibibyte;

export const roomJudges: Record<RoomLayer & CheckId, Judge> = {
	'shared-memory': judgeSharedMemory,
	disk: judgeDisk,
	ports: judgePorts,
	'ssh-keys': judgeKeys,
};

function judgeSharedMemory({local, sharedMemory, engine}: HostFacts): Verdict {
	if (!local) {
		return skip('the engine is on another machine');
	}

	if (sharedMemory === undefined || !sharedMemory.writable) {
		return fail(
			sharedMemory === undefined ? '/dev/shm is missing' : '/dev/shm is not writable',
			'Secrets are stored there and never on a disk, and processes of NCCL and PyTorch share data there.',
			sharedMemory === undefined
				? autoFix('Mount it', ['sudo mkdir -p /dev/shm && sudo mount -t tmpfs -o mode=1777 tmpfs /dev/shm'])
				: autoFix('Make it writable for everyone', ['sudo chmod 1777 /dev/shm']),
		);
	}

	if (sharedMemory.freeBytes < leastSharedMemory) {
		return fail(
			`${formatBytes(sharedMemory.freeBytes)} free in /dev/shm`,
			'Secrets are stored there and never on a disk.',
			advise('Remove files that processes left there', ['ls -lSh /dev/shm', 'df -h /dev/shm']),
		);
	}

	const memory = 'info' in engine ? engine.info.memoryBytes : undefined;
	if (memory !== undefined && memory < leastMemory) {
		return warn(
			`the host has ${formatBytes(memory)} of memory`,
			'Half of it is a small /dev/shm for data loaders.',
			advise('Add memory to the host, or use fewer data loader workers: num_workers=0'),
		);
	}

	return ok(`${formatBytes(sharedMemory.freeBytes)} free in /dev/shm`);
}

function judgeDisk({engine, freeDiskBytes}: HostFacts): Verdict {
	if (!('info' in engine) || freeDiskBytes === undefined) {
		return skip('cannot be checked from here');
	}

	const found = `${formatBytes(freeDiskBytes)} free at ${engine.info.rootDirectory}`;
	const fix = advise('See what uses the space, and remove what no box uses', [
		'docker system df',
		'gpubox disk --prune',
	]);
	if (freeDiskBytes < leastDisk) {
		return fail(found, 'Even a small PyTorch image needs about 10 GiB while it is unpacked.', fix);
	}

	return freeDiskBytes < goodDisk
		? warn(found, 'A PyTorch image with its compilers takes about 40 GiB.', fix)
		: ok(found);
}

function judgePorts({local, portsTaken}: HostFacts): Verdict {
	if (!local) {
		return skip('the engine is on another machine');
	}

	const foreign = portsTaken.filter(({by}) => by === undefined);
	const uses = portsTaken.map(({port, by}) => `${port} ${by === undefined ? 'taken' : `of ${by}`}`).join(', ');
	if (foreign.length === 0) {
		return ok(uses === '' ? '8888 and 2222 are free' : uses);
	}

	return warn(
		uses,
		'Boxes then use other ports than the usual ones.',
		advise('See who listens there', [`sudo ss -ltnp '${foreign.map(({port}) => `sport = :${port}`).join(' or ')}'`]),
	);
}

function judgeKeys({sshKeys: {usable, client}, distribution}: HostFacts): Verdict {
	if (!client) {
		return warn(
			'no ssh on this machine',
			'gpubox ssh and editors need it; gpubox attach does not.',
			installSsh(distribution),
		);
	}

	return ok(usable.length === 0 ? 'none yet; gpubox creates one for the first box with SSH' : usable.join(', '));
}
