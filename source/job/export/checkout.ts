import type {PortableJob} from './portable-job.ts';

/** A CI service checks the code out into a folder of its own: that matters to a job that names the usual one. */
export function elsewhere(
	{mounts, argv, setup = '', environment}: PortableJob,
	folder: string,
): {why: string; instead: string} | undefined {
	const target = mounts.find(({kind}) => kind === 'code')?.target;
	const texts = [...argv, setup, ...Object.values(environment)];
	return target !== undefined && texts.some((text) => text.includes(target))
		? {why: `the code is in ${folder}, not in ${target}`, instead: 'relative paths'}
		: undefined;
}
