/** A place that runs jobs and is not an engine that gpubox starts containers on: a scheduler of others. */
import type {LogChunk} from '../../engine/engine.ts';
import type {PortableJob} from '../export/portable-job.ts';
import type {Exported, ExportOptions} from '../export/target.ts';
import type {Reason} from '../runs/reason.ts';
import type {PlaceName} from './place-names.ts';

/** A job as it is submitted. */
export type Submission = {
	job: PortableJob;
	options: ExportOptions;
	/** Of the run: letters, digits and "-". */
	name: string;
	/** The project's folder, absolute. */
	project: string;
	/** The run's folder, absolute. */
	folder: string;
	/** Names and values of gpubox's own, for places that keep such. */
	labels: Record<string, string>;
};

/** How far a job is, as its place says. */
export type JobState =
	| {
			kind: 'waiting';
			/** Why, as a phrase; null while the place has not said. */
			reason: string | null;
	  }
	| {
			kind: 'running';
			/** Its nodes; null while that is not known. */
			where: string | null;
			/** Its GPUs, as the place names them. */
			cards: string[];
			/** What is wrong with its node at the moment, as a sentence. */
			trouble: string | null;
	  }
	| ({kind: 'ended'; exitCode: number; signal: string | null; at: string | null} & Told)
	/** What became of it is not known, or no one will say: its node is gone. */
	| ({kind: 'lost'} & Told);

/** Why it ended so; both may be empty. */
type Told = {reason: string; fix: string};

/**
How a job is ended: `cancel` while it waits; `interrupt` sends SIGINT, `terminate` SIGTERM, and `end` is for one that has had its time;
`kill` gives it none.
*/
export type Ending = 'cancel' | 'interrupt' | 'terminate' | 'end' | 'kill';

/** A question that the place did not answer: it may be asked again. */
export class NoAnswer extends Error {
	override name = 'NoAnswer';
}

export type Place = {
	name: PlaceName;
	/** How `openPlace` reaches the very same again; null for what is usual on this machine. */
	readonly address: string | null;
	/** How often it may be asked, in milliseconds. */
	readonly pollMs: number;
	/** Whether it writes the log into the run's folder itself. */
	writesLog: boolean;
	/** Whether it sends other signals than that of `terminate`. */
	sendsSignals: boolean;
	/** Whether it ends a job when its time is up. */
	keepsTime: boolean;
	/**
	Finds out where jobs would run. Changes nothing.

	@returns one line
	@throws Failure (exit code 3) when this is no such place
	*/
	look(signal: AbortSignal): Promise<string>;
	/** The file or request of a submission, and what it cannot carry over. Pure. */
	plan(submission: Pick<Submission, 'job' | 'options' | 'name'>): Exported;
	/** @returns what names the job from now on @throws Failure with the place's own reason */
	submit(submission: Submission, signal: AbortSignal): Promise<string>;
	/** @throws NoAnswer */
	state(id: string, signal: AbortSignal): Promise<JobState>;
	/**
	The job's output from the byte `from` on, while it grows.

	@param options.over aborts when the job has ended: what is left is given, then no more is waited for
	@throws NoAnswer
	*/
	log(
		id: string,
		options: {folder: string; from: number; over: AbortSignal; signal: AbortSignal},
	): AsyncIterable<LogChunk>;
	/** @throws NoAnswer */
	end(id: string, ending: Ending): Promise<void>;
	/** Removes what is left of a job that has ended. @throws NoAnswer */
	cleanUp(id: string): Promise<void>;
	/** What the place itself wrote into the log of a job that failed. Pure. */
	explain(log: string): Reason | undefined;
};
