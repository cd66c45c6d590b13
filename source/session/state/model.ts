import type {ImageChoice} from '../../app/images/image-choices.ts';
import type {Diagnostic} from '../../base/failure.ts';
import type {Box} from '../../box/box.ts';
import type {NamedProcess} from '../../box/gpus/process-names.ts';
import type {GpuInventory, GpuProblem} from '../../gpu/gpu.ts';
import type {GpuView} from '../../gpu/live.ts';
import {explain} from '../../host/remedies.ts';
import {type DoctorState, noDoctor} from './checks/doctor.ts';
import type {CommandEntry} from './command-log/command-entry.ts';
import {type ConfigState, noConfig} from './config/config.ts';
import {type HostsState, noHosts} from './hosts/hosts.ts';
import {type BoxCard, noBoxCard} from './inspect/box-state.ts';
import {type CardState, noCard} from './inspect/card-state.ts';
import {type KeyTable, standardKeys} from './keymap.ts';
import {type MachineState, noMachine} from './machine/machine.ts';
import type {Verb} from './palette/palette.ts';
import type {ListPhase} from './phase.ts';
import {noSetup, type SetupState} from './setup/setup.ts';
import {noTells, type TellsState} from './tells/tells.ts';

/** One GPU as it stands, and what it did before: utilisation, the newest last, null where the card did not say. */
export type GpuReading = GpuView & {history: ReadonlyArray<number | null>};

export type GpuState = {
	/** `waiting` until the first answer, `silent` when there is none. */
	phase: 'waiting' | 'live' | 'silent';
	inventory: GpuInventory | undefined;
	readings: GpuReading[];
	processes: NamedProcess[];
	/** nvidia-smi did not tell its processes when it was last asked: no process is not the same as none. */
	processesUnknown: boolean;
	problems: GpuProblem[];
};

type BoxState = {
	phase: ListPhase;
	boxes: Box[];
	problem: Diagnostic | undefined;
	/** How old the boxes are, in words; undefined while they are live. */
	age: string | undefined;
	/** Counts up each time the engine was reached again: what was open before is broken. */
	connection: number;
};

/** How the workstation itself is doing. Null where it cannot be known. */
export type HostReading = {
	hostname: string;
	/** Percent of all CPUs together. */
	cpuLoad: number | null;
	cpuCount: number | null;
	memoryUsedBytes: number | null;
	memoryTotalBytes: number | null;
	/** Of the disk on which the engine keeps images. */
	diskFreeBytes: number | null;
	diskTotalBytes: number | null;
};

export type Task = {
	id: number;
	/** e.g. `Start box for ~/train` */
	title: string;
	/** What it is doing now. */
	step: string;
	/** 0 to 1 where it can be known. */
	share: number | undefined;
	/** The user may cancel it. */
	cancellable?: true;
	/** The box it works on. */
	boxId?: string;
	/** It starts the box of this folder: an absolute path. */
	startsFolder?: string;
};

/** `passing`: it answers a key, and goes with the next one. */
export type Message = {kind: 'success' | 'failure' | 'note'; text: string; fix: string; passing?: true};

type ImageState = {
	phase: 'unasked' | 'waiting' | 'known' | 'failed';
	choices: ImageChoice[];
	problem: Diagnostic | undefined;
};

/** The log of the selected box; the lines themselves are in the log model. */
export type LogState = {
	boxId: string | undefined;
	/** Counts up when lines came, so that the pane is drawn again. */
	version: number;
	/** `lost`: it was interrupted while the box runs, and is resumed. */
	phase: 'waiting' | 'following' | 'lost' | 'ended';
	problem: Diagnostic | undefined;
};

/** All that was gathered. */
export type Facts = {
	/** The demo host: simulated, or a recording that is played. */
	demo: boolean | 'replay';
	/** When what is replayed was recorded; undefined where it is no replay. */
	replayed: string | undefined;
	/** The session came over from another host. */
	cameOver: boolean;
	/** The user is root, who may enter every box. */
	root: boolean;
	/** How often the user chose another theme or other characters. */
	looks: number;
	/** Nothing is changed by this session. */
	readOnly: boolean;
	/** What `--host` takes for the host that this session is on; undefined for this machine's own engine. */
	hostWord: string | undefined;
	/** Commands of gpubox's own program; undefined until they are first wanted. */
	verbs: Verb[] | undefined;
	/** What was done, the newest last. */
	commands: CommandEntry[];
	/** What this session can do beyond the host that it is on; `demo`: where something is missing. */
	offers: {demo: boolean; hosts: boolean};
	/** Where the engine is, for display. */
	engineAddress: string;
	/** The user's name. */
	person: string;
	/** The folder one stands in, for which `up` makes a box. */
	folder: string;
	/** The same as an absolute path. */
	folderPath: string;
	gpu: GpuState;
	box: BoxState;
	machine: MachineState;
	host: HostReading | undefined;
	log: LogState;
	images: ImageState;
	hosts: HostsState;
	/** The card whose screen is shown. */
	card: CardState;
	/** The box whose screen is shown. */
	boxCard: BoxCard;
	doctor: DoctorState;
	/** The user's settings. */
	config: ConfigState;
	setup: SetupState;
	tells: TellsState;
	tasks: Task[];
	message: Message | undefined;
	/** What keys do, with the user's own. */
	keys: KeyTable;
	/** The terminal is on its way to a shell in a box, or is there. */
	lent: boolean;
};

export function noFacts(
	start: Pick<Facts, 'demo' | 'engineAddress' | 'person' | 'folder'> &
		Partial<Pick<Facts, 'folderPath' | 'cameOver' | 'root' | 'offers' | 'readOnly' | 'hostWord' | 'replayed'>>,
): Facts {
	return {
		folderPath: start.folder,
		replayed: undefined,
		cameOver: false,
		root: false,
		looks: 0,
		readOnly: false,
		hostWord: undefined,
		verbs: undefined,
		commands: [],
		offers: {demo: false, hosts: false},
		...start,
		gpu: {phase: 'waiting', inventory: undefined, readings: [], processes: [], processesUnknown: true, problems: []},
		box: {phase: 'waiting', boxes: [], problem: undefined, age: undefined, connection: 0},
		machine: noMachine,
		host: undefined,
		log: {boxId: undefined, version: 0, phase: 'waiting', problem: undefined},
		images: {phase: 'unasked', choices: [], problem: undefined},
		hosts: noHosts,
		card: noCard,
		boxCard: noBoxCard,
		doctor: noDoctor,
		config: noConfig,
		setup: noSetup,
		tells: noTells,
		tasks: [],
		message: undefined,
		keys: standardKeys,
		lent: false,
	};
}

/** The demo host is offered where GPUs or an engine are missing. */
export function isDemoOffered({offers, demo, gpu, box}: Facts): boolean {
	const withoutGpu = gpu.phase === 'silent' && gpu.readings.length === 0;
	const withoutEngine = box.phase === 'no-engine' || (box.phase === 'late' && box.boxes.length === 0);
	return offers.demo && !demo && (withoutEngine || withoutGpu);
}

/** An error in words: what is wrong and what to do about it. */
export function problemOf(error: unknown, engineAddress: string): Diagnostic {
	const {message, fix} = explain(error, engineAddress);
	return {message, fix};
}
