import type {EngineInfo, Image, PullProgress} from '../../engine/engine.ts';
import type {GpuInventory} from '../../gpu/gpu.ts';
import type {Box, ServiceName} from '../box.ts';
import type {SecretSource} from '../files/secrets.ts';
import type {GpuSelection} from '../gpus/allocate.ts';
import type {Difference} from '../plan/differences.ts';
import type {ImagePin} from '../plan/types.ts';
import type {KeyFile} from '../ssh/login-keys.ts';
import type {BuildSettings} from './image/build-layers.ts';

/** What `up` is doing, for the progress display. Texts are safe to print. */
export type UpStep =
	| {kind: 'pull'; image: string; progress: PullProgress}
	/** `doing` goes before the image's name: `Adding Jupyter and SSH to`. */
	| {kind: 'build'; image: string; doing: string; line: string}
	/** Others have the GPUs. `behind` names boxes and processes. */
	| {kind: 'queue'; behind: string[]}
	| {kind: 'start'; name: string}
	| {kind: 'wait'; name: string; service: ServiceName}
	/** A line of the post-create command's output; none at its start. */
	| {kind: 'post-create'; name: string; command: string; line?: string}
	/** Anything else that takes its time: what it is, and how far it is. */
	| {kind: 'work'; doing: string; detail: string}
	| {kind: 'note'; text: string};

export type UpOptions = {
	report: (step: UpStep) => void;
	signal: AbortSignal;
	/** Wait until the services answer. */
	wait: boolean;
	/** Wait until GPUs are free, when others have them. */
	queue?: boolean;
	/** Recreate the box when it exists. */
	recreate: boolean;
	/** Asked before an existing box is stopped for that; throws when the user does not agree. */
	agreeToEnd?: ((box: Box) => Promise<void>) | undefined;
	/** The settings and flags that the user gave for the box, by key; empty when it is used as it is. */
	asked: ReadonlySet<string>;
	/** Refuse an existing box that differs from them. */
	exact?: boolean;
	/** The user typed `--gpus` for this call. */
	gpusTyped?: boolean;
	settings: BuildSettings;
	/** Files of public keys that may log in; the user's own keys when missing. */
	sshKeys?: ReadonlyArray<string | KeyFile> | undefined;
	/** Without it a box that needs secrets cannot be created. */
	secrets?: SecretSource | undefined;
	/** Picks and judges the image; refuses one that does not fit. */
	chooseImage: (facts: Promise<ImageFacts>) => Promise<ChosenImage>;
};

/**
The facts for choosing an image. `inventory` is missing where no GPU was requested. It is gathered while the images are read.
*/
export type ImageFacts = {
	inventory: GpuInventory | undefined;
	gpuSelection: GpuSelection;
	engine: EngineInfo;
	services: ServiceName[];
};
export type ChosenImage = {
	reference: string;
	/** The services that it certainly has. */
	provides: ServiceName[];
	/** Notes for the user. Safe to print. */
	notes: string[];
	/** The image as the engine has it; undefined when it must be pulled. */
	base: Image | undefined;
	/** UUIDs of the cards that can use it, where others of the host cannot. */
	gpus?: string[];
	/** From the project's gpubox.lock. */
	pin?: ImagePin;
};

export type UpResult = {
	box: Box;
	/** Jupyter's token, for the caller alone. */
	token?: string;
	/** False when the box was running already. */
	changed: boolean;
	/** False when the box existed before. */
	created: boolean;
	/** What was asked for and an existing box does not have. */
	differs: Difference[];
};
