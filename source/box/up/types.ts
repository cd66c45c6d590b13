import type {EngineInfo, Image, PullProgress} from '../../engine/engine.ts';
import type {GpuInventory} from '../../gpu/gpu.ts';
import type {Box, ServiceName} from '../box.ts';
import type {SecretSource} from '../files/secrets.ts';
import type {GpuSelection} from '../gpus/allocate.ts';
import type {KeyFile} from '../ssh/login-keys.ts';
import type {BuildSettings} from './build-layers.ts';

/** What `up` is doing, for the person who waits. Texts are safe to print. */
export type UpStep =
	| {kind: 'pull'; image: string; progress: PullProgress}
	/** `doing` goes before the image's name: `Adding Jupyter and SSH to`. */
	| {kind: 'build'; image: string; doing: string; line: string}
	/** Others have the GPUs. `behind` names boxes and processes. */
	| {kind: 'queue'; behind: string[]}
	| {kind: 'start'; name: string}
	| {kind: 'wait'; name: string; service: ServiceName}
	/** A line of what the project's own command prints in the new box; none at its start. */
	| {kind: 'post-create'; name: string; command: string; line?: string}
	| {kind: 'note'; text: string};

export type UpOptions = {
	report: (step: UpStep) => void;
	signal: AbortSignal;
	/** Wait until the services answer. */
	wait: boolean;
	/** Wait until GPUs are free, when others have them. */
	queue?: boolean;
	/** Make the box anew when it exists. */
	recreate: boolean;
	/** The person gave options that the box should have been made with, so a difference is worth a note. */
	explicit: boolean;
	settings: BuildSettings;
	/** Files of public keys that may log in; the person's own keys when missing. */
	sshKeys?: ReadonlyArray<string | KeyFile> | undefined;
	/** Without it a box that needs secrets cannot be made. */
	secrets?: SecretSource | undefined;
	/** Picks and judges the image; refuses one that does not fit. */
	chooseImage: (facts: Promise<ImageFacts>) => Promise<ChosenImage>;
};

/**
What is known when an image has to be chosen. `inventory` is missing where no GPU was asked for. It is being gathered while
the images are looked at.
*/
export type ImageFacts = {
	inventory: GpuInventory | undefined;
	gpuSelection: GpuSelection;
	engine: EngineInfo;
	services: ServiceName[];
};
export type ChosenImage = {
	reference: string;
	/** What is in it for certain. */
	provides: ServiceName[];
	/** Told to the person. Safe to print. */
	notes: string[];
	/** The image as the engine has it; undefined when it must be pulled. */
	base: Image | undefined;
	/** UUIDs of the cards that can use it, where others of the host cannot. */
	gpus?: string[];
};

export type UpResult = {
	box: Box;
	/** Jupyter's token, for the caller alone. */
	token?: string;
	/** False when the box was there and running already. */
	changed: boolean;
};
