import {safeText, shorten} from '../text/safe.ts';
import type {GpuProblem} from './gpu.ts';

/** How nvidia-smi ended. `exitCode` is `null` when it was killed or never started. */
export type SmiEnd = {
	exitCode: number | null;
	/** The system's word for why it could not be started, e.g. `ENOENT`. */
	startError?: string;
	/** It was not started: the GPUs in question are those of the machine with the engine at this address. */
	unreachable?: string;
	/** On this machine Windows has the driver. */
	wsl?: true;
};

/** Characters of a line that are looked at, and of what is made of them that is shown. The longest known fault has 130. */
const longestLine = 2000;
const longestMessage = 300;
/** Lines of one answer that are looked at for faults. */
const mostLines = 500;

type Kind = {
	code: GpuProblem['code'];
	pattern: RegExp;
	/** Exit codes with the same meaning, from nvidia-smi's man page; 18 and 6 (no devices) from public reports. */
	exitCodes: readonly number[];
	/** What the exit code alone says, in the words of the man page. */
	meaning: string;
	fix: string;
};

const busId = /(?<bus>(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-9])/i.source;

/** What the search on another machine prints where there is no nvidia-smi, in WSL. */
export const notFoundInWsl = 'nvidia-smi: not found in WSL';

/** Windows lends WSL its driver: one for Linux, installed inside, would replace and break it. */
const wslFix =
	'Windows lends WSL its driver: update the NVIDIA driver there and WSL (`wsl.exe --update`), then `wsl.exe --shutdown`';

/** Problems whose usual remedy is a driver for Linux, or its kernel module. */
const ofLinuxDriver = new Set<GpuProblem['code']>([
	'not-installed',
	'driver-not-running',
	'version-mismatch',
	'library-missing',
	'no-devices',
]);

const kinds: readonly Kind[] = [
	{
		code: 'driver-not-running',
		pattern: /couldn't communicate with the NVIDIA driver/i,
		exitCodes: [9],
		meaning: 'the NVIDIA driver is not loaded',
		fix: 'Load it with `sudo modprobe nvidia`. If that fails, reinstall the driver for the running kernel (DKMS, secure boot) and reboot',
	},
	{
		code: 'version-mismatch',
		pattern: /Driver\/library version mismatch/i,
		exitCodes: [18],
		meaning: 'driver/library version mismatch',
		fix: 'The driver was upgraded while the old one was loaded. Reboot',
	},
	{
		code: 'library-missing',
		pattern: /couldn't find libnvidia-ml\.so/i,
		exitCodes: [12, 13],
		meaning: 'the NVML library could not be found or lacks a function',
		fix: 'Install the NVIDIA driver package that matches the loaded driver',
	},
	{
		code: 'no-devices',
		pattern: /^No devices (?:were )?found/i,
		exitCodes: [6],
		meaning: 'no devices were found',
		fix: 'See `lspci -d 10de:` and `sudo dmesg | grep -i nvrm`. GeForce RTX 50 and other Blackwell cards need the open kernel modules',
	},
	{
		code: 'gpu-lost',
		pattern: new RegExp(`Unable to determine the device handle for gpu ?(?:\\d{1,3}: )?${busId}`, 'i'),
		exitCodes: [15],
		meaning: 'a GPU has fallen off the bus or is inaccessible',
		fix: 'Reboot to recover the GPU. If it fails again, check its power, seating and temperature (`sudo dmesg | grep -i xid`)',
	},
	{
		code: 'gpu-lost',
		pattern: new RegExp(`(?:${busId})?.*(?:GPU is lost|fallen off the bus)`, 'i'),
		exitCodes: [],
		meaning: '',
		fix: 'Reboot to recover the GPU. If it fails again, check its power, seating and temperature (`sudo dmesg | grep -i xid`)',
	},
	{
		code: 'needs-reset',
		pattern: /GPU requires reset/i,
		exitCodes: [],
		meaning: '',
		fix: 'Stop the processes on the GPU, then run `sudo nvidia-smi --gpu-reset -i INDEX`, or reboot',
	},
	{
		code: 'inforom',
		pattern: new RegExp(`infoROM is corrupted(?: at gpu ${busId})?`, 'i'),
		exitCodes: [14],
		meaning: 'the infoROM is corrupted',
		fix: 'The readings are still valid. If it persists after a reboot, contact the manufacturer of the GPU',
	},
	{
		code: 'permissions',
		pattern: /Insufficient Permissions/i,
		exitCodes: [4],
		meaning: 'no permission to use the driver',
		fix: 'Check the permissions of /dev/nvidia* and SELinux; in a container, run with `--security-opt label=disable`',
	},
	{
		code: 'blocked',
		pattern: /GPU access blocked by the operating system/i,
		exitCodes: [],
		meaning: '',
		fix: 'Update the NVIDIA driver of Windows and WSL itself (`wsl --update`), then `wsl --shutdown`',
	},
	{
		code: 'unknown',
		pattern: /Failed to initialize NVML: Unknown Error/i,
		exitCodes: [],
		meaning: '',
		fix: 'If this is a container, it has lost access to the GPU: stop and start it. Otherwise see `sudo dmesg | grep -i nvrm`',
	},
	{
		code: 'not-installed',
		pattern: new RegExp(notFoundInWsl),
		exitCodes: [],
		meaning: '',
		fix: wslFix,
	},
	{
		code: 'not-installed',
		pattern: /nvidia-smi: (?:command )?not found|nvidia-smi: No such file or directory/i,
		exitCodes: [127],
		meaning: 'nvidia-smi was not found',
		fix: 'Install the NVIDIA driver, which includes nvidia-smi',
	},
];

function kindFor(code: GpuProblem['code']): Kind | undefined {
	return kinds.find((kind) => kind.code === code);
}

/** The meaning of a line of nvidia-smi, when it is a known fault. */
export function problemOfLine(line: string): GpuProblem | undefined {
	const message = shorten(safeText(shorten(line, longestLine)), longestMessage);
	for (const {code, pattern, fix} of kinds) {
		const match = pattern.exec(message);
		if (match) {
			const bus = match.groups?.bus;
			return {code, message, fix, ...(bus === undefined ? {} : {busId: bus})};
		}
	}

	return undefined;
}

/** The driver reports that a card must be reset. */
export function needsReset(bus: string | null): GpuProblem {
	return {
		code: 'needs-reset',
		message: `GPU${bus === null ? '' : ` ${bus}`} requires reset`,
		fix: kindFor('needs-reset')?.fix ?? '',
		...(bus === null ? {} : {busId: bus}),
	};
}

/** A sound driver takes long to wake up where persistence mode is off. */
export function waking(): GpuProblem {
	return {
		code: 'waking',
		message: 'Waiting for the NVIDIA driver to wake up: with many GPUs this takes up to a minute',
		fix: 'To keep it awake: sudo nvidia-smi -pm 1',
	};
}

/**
No answer in time. It hangs only when it could not be ended either: a wedged driver keeps nvidia-smi waiting inside the kernel for
ever. Otherwise the driver is just slow, as far as one can know.
*/
export function noAnswer(seconds: number, {stuck}: {stuck: boolean}): GpuProblem {
	if (!stuck) {
		return {
			code: 'no-answer',
			message: `nvidia-smi gave no answer for ${seconds} s`,
			fix: 'The driver may still be waking up. Keep it awake with `sudo nvidia-smi -pm 1`, then try again',
		};
	}

	return {
		code: 'hung',
		message: `nvidia-smi hangs: no answer for ${seconds} s, and it cannot be ended`,
		fix: 'See `sudo dmesg | grep -i -e nvrm -e xid`. If nvidia-smi also hangs in a shell, reboot',
	};
}

/** It prints text that is neither a row nor a known fault. This says nothing about any card. */
export function unreadable({some = false} = {}): GpuProblem {
	return {
		code: 'unreadable',
		message: some ? 'Part of the output of nvidia-smi cannot be parsed' : 'The output of nvidia-smi cannot be parsed',
		fix: 'Run `nvidia-smi` to see its output, and `type -a nvidia-smi` to check which program that is',
	};
}

/** An engine over TCP is no way to its machine's driver. GPUs that are unknown are neither none nor those of this machine. */
export function unknownGpus(address: string): GpuProblem {
	const {hostname} = URL.canParse(address) ? new URL(address) : {hostname: ''};
	const name = hostname === '' || isOfThisMachine.test(hostname) ? 'MACHINE' : hostname;
	return {
		code: 'other-machine',
		message: `The GPUs are unknown: the engine at ${safeText(address)} is on another machine, and does not tell them`,
		fix: `Reach it by ssh, which asks its driver, too: --host ssh://USER@${safeText(name)}`,
	};
}

// Forwarded to the machine in question, whose name is not known here.
const isOfThisMachine = /^(?:127\.|localhost$|\[::1\]$)/;

function problemOfEnd({exitCode, startError, unreachable}: SmiEnd): GpuProblem | undefined {
	if (unreachable !== undefined) {
		return unknownGpus(unreachable);
	}

	if (startError === 'ENOENT') {
		const kind = kinds.findLast(({code}) => code === 'not-installed');
		return {
			code: 'not-installed',
			message: 'nvidia-smi was not found, neither on the PATH nor where systems keep it',
			fix: kind?.fix ?? '',
		};
	}

	if (startError !== undefined) {
		const denied = startError === 'EACCES' || startError === 'EPERM';
		return {
			code: denied ? 'permissions' : 'unknown',
			message: `nvidia-smi could not be started: ${startError}`,
			fix: denied ? 'Make nvidia-smi executable: `ls -l "$(command -v nvidia-smi)"`' : '',
		};
	}

	if (exitCode === null || exitCode === 0) {
		return undefined;
	}

	const kind = kinds.find(({exitCodes}) => exitCodes.includes(exitCode));
	return {
		code: kind?.code ?? 'unknown',
		message: `nvidia-smi ended with exit code ${exitCode}${kind ? `: ${kind.meaning}` : ''}`,
		fix: kind?.fix ?? 'Run `nvidia-smi` in a shell for details',
	};
}

/**
The problems that follow from the output of nvidia-smi (on stdout or stderr, without the rows of data) and its exit code. The text
counts first, because exit codes differ between drivers. Unknown lines are reported unchanged, with the code `unknown`. Empty when
nothing is wrong.
*/
export function findProblems(lines: readonly string[], end: SmiEnd): GpuProblem[] {
	const found = problemsOf(lines, end);
	return end.wsl
		? found.map((problem) => (ofLinuxDriver.has(problem.code) ? {...problem, fix: wslFix} : problem))
		: found;
}

function problemsOf(lines: readonly string[], end: SmiEnd): GpuProblem[] {
	const texts = lines
		.slice(0, mostLines)
		.map((line) => shorten(safeText(shorten(line, longestLine)), longestMessage))
		.filter((line) => line !== '');
	const library = texts.find((line) => /^NVML library version:/i.test(line));
	const found = new Map<string, GpuProblem>();
	const strange: string[] = [];
	for (const line of texts) {
		const problem = problemOfLine(line);
		if (problem?.code === 'version-mismatch' && library !== undefined) {
			problem.message += ` (${library})`;
		}

		if (problem) {
			found.set(problem.message, problem);
		} else if (line !== library) {
			strange.push(line);
		}
	}

	if (found.size > 0) {
		return [...found.values()];
	}

	const byEnd = problemOfEnd(end);
	const [said] = strange;
	if (said === undefined) {
		return byEnd ? [byEnd] : [];
	}

	// The exit code gives the kind of the fault, the text describes it.
	return [
		{code: byEnd?.code ?? 'unknown', message: said, fix: byEnd?.fix ?? 'Run `nvidia-smi` in a shell for details'},
	];
}

function plainBus(bus: string): string {
	const [, domain = '0', rest] = /^(?:([0-9a-f]+):)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f])$/i.exec(bus) ?? [];
	return rest === undefined ? bus : `${Number.parseInt(domain, 16)}:${rest.toLowerCase()}`;
}

/** Whether both mean the same slot: the PCI domain is printed with 8 digits in rows, with 4 or none in messages. */
export function sameBus(one: string, other: string): boolean {
	return plainBus(one) === plainBus(other);
}
