/** Verbs that only show something, with the options that would make them change something. What is not listed may change something. */
const looking: Readonly<Record<string, string[]>> = {
	runs: [],
	ls: [],
	logs: [],
	gpus: [],
	hosts: [],
	images: [],
	doctor: ['--fix', '--deep'],
	kernels: ['--stop'],
	verify: [],
	disk: ['--prune'],
};

/** What makes a verb change something; undefined for one that always may. */
export function looksOnly(name: string): {unless: string[]} | undefined {
	const unless = looking[name];
	return unless && {unless};
}
