import type {Disk} from '../../../app/images/measure-disk.ts';
import type {Diagnostic} from '../../../base/failure.ts';
import type {Container, ContainerUse} from '../../../engine/engine.ts';
import type {ListPhase} from '../phase.ts';

/** A container of the engine, a box or not. Texts are safe to print. */
export type ListedContainer = Pick<Container, 'id' | 'state' | 'createdAt'> & {
	name: string;
	image: string;
	/** gpubox made it: a box, or what holds the place of one. */
	claim: boolean;
	/** Folders of the host that it mounts, and that its Compose project is in. */
	folders: string[];
};

/** What a container uses now, and how much went over its networks since the measurement before. */
export type Use = ContainerUse & {
	/** Bytes a second; null until there are two. */
	receivedRate: number | null;
	sentRate: number | null;
};

/** All of the machine that the engine tells. Asked for only while a screen shows it. */
export type MachineState = {
	phase: 'unasked' | ListPhase;
	containers: readonly ListedContainer[];
	problem: Diagnostic | undefined;
	/** How old the list is, in words; undefined while it is live. */
	age: string | undefined;
	/** Of those on the screen, by container. */
	uses: ReadonlyMap<string, Use>;
	/** What processes make of their GPUs while a column shows it, as `readProcessLoad` has it. */
	loads: ReadonlyMap<string, number>;
	/** How often the engine restarted the container whose details are shown; undefined until it is known. */
	restarts: {id: string; count: number} | undefined;
	disk: DiskState;
};

export type DiskState = {
	phase: 'unasked' | 'waiting' | 'known' | 'failed';
	/** The last known one. */
	disk: Disk | undefined;
	problem: Diagnostic | undefined;
};

export const noMachine: MachineState = {
	phase: 'unasked',
	containers: [],
	problem: undefined,
	age: undefined,
	uses: new Map(),
	loads: new Map(),
	restarts: undefined,
	disk: {phase: 'unasked', disk: undefined, problem: undefined},
};
