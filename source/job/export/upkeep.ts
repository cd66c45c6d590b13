/** The monthly job of CI files: the newest build of the locked image, and what is known against it. */
import type {PortableJob} from './portable-job.ts';

/** In the morning of the first day of each month. */
export const monthly = '0 5 1 * *';

/** There is nothing to refresh without a locked digest. */
export function hasUpkeep({image}: Pick<PortableJob, 'image'>): boolean {
	return image.digest !== null;
}

/** What it leaves, for a commit. */
export const upkeepResult = 'gpubox.lock';

/**
Its commands, for any POSIX shell, on a machine with gpubox and Docker. The difference is shown, also when the scan fails afterwards.
*/
export function upkeepLines(): string[] {
	return [
		'command -v gpubox || { echo "This job needs gpubox on the machine: npm install -g gpubox" >&2; exit 3; }',
		'gpubox refresh --yes',
		'git --no-pager diff --stat -- gpubox.lock',
		'gpubox scan --fail-on critical',
	];
}

/** What the head of a file says of it. @param when how the schedule gets there */
export function upkeepUsage(job: PortableJob, when: string): string[] {
	return hasUpkeep(job)
		? [
				`Once a month it runs gpubox refresh and gpubox scan, on a machine with gpubox, Docker and a scanner. ${when}`,
				'The new gpubox.lock is kept as a result: review and commit it.',
			]
		: [];
}
