/** The words of the gpu room. What the card does not report is `null`, never 0. Memory in MiB, power in watts, °C, percent. */
import type {Diagnostic} from '../base/failure.ts';

/** How nvidia-smi is called: here, over ssh, or the stand-in of the demo. */
export type NvidiaSmi = {
	file: string;
	/** Put before nvidia-smi's own arguments. */
	arguments: string[];
	environment: NodeJS.ProcessEnv;
	/** It runs on this machine, so it may be looked for in the folders that systems have for it. */
	local?: true;
	/** The address of an engine on a machine where no program can be started: nothing is known of its GPUs. */
	unreachable?: string;
	/** Called when an answer takes long, as it does while the driver wakes up. */
	onSlow?: () => void;
};

/** What of a GPU does not change while the driver is loaded. */
export type GpuFacts = {
	/** nvidia-smi's number; can change at each boot, so it names a GPU to people only. */
	index: number;
	/** `GPU-…`; where the driver gives none (some Jetsons), the index as text, which container runtimes take as well. */
	uuid: string;
	name: string;
	/** e.g. `00000000:01:00.0` */
	busId: string | null;
	/** e.g. `9.0`; null when neither the driver nor the table of known cards says. */
	computeCapability: string | null;
	memoryTotalMiB: number | null;
	powerLimit: number | null;
	migMode: boolean | null;
	/** The mode after the next reset of the card. */
	migPending?: boolean | null;
	/** `Default`, `Exclusive_Process` or `Prohibited`. */
	computeMode?: string | null;
	/** What the driver asks for after a fault: `None`, `Reset`, `Reboot`, `Drain P2P`, `Drain and Reset`. */
	recoveryAction?: string | null;
	persistenceMode: boolean | null;
	mig: MigDevice[];
	/** The driver did not list its slices when it was asked: none known is not none there. */
	migUnknown?: true;
	/** The load at the moment of the question: for who decides at once and reads no frames. */
	utilization?: number | null;
	memoryUsedMiB?: number | null;
	/** MHz; what it could reach. */
	clockSmMax?: number | null;
	/** Watts; what the limit is unless someone changed it. */
	powerDefault?: number | null;
	/** Lanes that card and slot both have. */
	pcieWidthMax?: number | null;
};

export type MigDevice = {uuid: string; profile: string};

/** One reading of one GPU. */
export type GpuSample = {
	index: number;
	/** As in the facts: what a sample is matched by, for a lost card can move the indexes of the others. */
	uuid: string;
	utilization: number | null;
	memoryUtilization: number | null;
	memoryUsedMiB: number | null;
	memoryTotalMiB: number | null;
	temperature: number | null;
	powerDraw: number | null;
	powerLimit: number | null;
	clockSm: number | null;
	clockMemory: number | null;
	fanSpeed: number | null;
	/** e.g. `P0` */
	performanceState: string | null;
	/** Why its clocks are lower than they could be: bits, explained in throttle.ts. Missing as null. */
	throttleReasons?: number | null;
	/** Lanes of its PCIe link that are in use. Missing as null. */
	pcieWidth?: number | null;
	/** The card said that it needs a reset, or answered `ERR!`. */
	faulty: boolean;
};

/** One tick: the reading of every GPU that answered. */
export type GpuFrame = {
	/** When it was read, in milliseconds since 1970; now when missing. */
	at?: number;
	samples: GpuSample[];
	/** Lines that were no data: warnings, lost cards. Foreign text made safe; the first few of them. */
	messages: string[];
	/** Something could not be read: a card that is missing here may be as well as ever. */
	unreadable?: true;
};

/** What the stream of readings brings. `problem`: what is wrong has changed; undefined when nothing is wrong any more. */
export type StreamNews = {kind: 'frame'; frame: GpuFrame} | {kind: 'problem'; problem: GpuProblem | undefined};

export type GpuNews = StreamNews | {kind: 'inventory'; inventory: GpuInventory};

export type GpuProcess = {
	gpuUuid: string;
	/** As the driver counts, which may be in a pid namespace that is not the caller's. */
	pid: number;
	/** Foreign text made safe; null where the driver does not tell. */
	name: string | null;
	usedMemoryMiB: number | null;
};

/** What one asks of nvidia-smi at start. */
export type GpuInventory = {
	/** e.g. `575.57.08`; null when it could not be read (Jetson in a container). */
	driverVersion: string | null;
	/** The highest CUDA the driver supports, e.g. `12.9`. */
	cudaVersion: string | null;
	gpus: GpuFacts[];
	/** Faults beside healthy rows: infoROM, a card lost. */
	problems: GpuProblem[];
};

/** Why there is nothing, or less than there should be. Texts in the driver's own terms. */
export type GpuProblem = Diagnostic & {
	code:
		| 'other-machine'
		| 'not-installed'
		| 'driver-not-running'
		| 'version-mismatch'
		| 'library-missing'
		| 'no-devices'
		| 'gpu-lost'
		| 'needs-reset'
		| 'inforom'
		| 'permissions'
		| 'blocked'
		| 'hung'
		| 'no-answer'
		| 'waking'
		| 'unreadable'
		| 'unknown';
	/** The card's bus id, where only one card is meant. */
	busId?: string;
};
