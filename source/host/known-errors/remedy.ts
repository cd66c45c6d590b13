import type {ExitCode} from '../../base/failure.ts';

export type Remedy = {
	id: string;
	/** Where the fault lies, as `gpubox doctor` names its checks; `image`, `box` and `build` are not the host's. */
	layer:
		| 'module'
		| 'driver'
		| 'nvidia-smi'
		| 'toolkit'
		| 'container-gpu'
		| 'dns'
		| 'registry'
		| 'image'
		| 'box'
		| 'build';
	/**
	Matches the part of the text that does not change between versions, with the words of the program that prints it: other programs
	say "out of shared memory", too, and mean something else. It looks at one line at a time.
	*/
	text: RegExp;
	/** The text as it really occurs. */
	example: string;
	meaning: string;
	fix: string;
	/** The fix as shell commands, where it can be. */
	commands?: string[];
	/** Of a verb that fails because of it, where it differs from that of the engine's answer. */
	exitCode?: ExitCode;
};
