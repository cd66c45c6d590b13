import {safeText, shorten} from '../text/safe.ts';
import type {GpuFrame, GpuSample} from './gpu.ts';
import {parseRow, sampleOf} from './parse.ts';
import {problemOfLine} from './problems.ts';

/** Of one tick that are kept. A host can lose every card at once. */
const mostMessages = 100;

/**
Puts the lines of a looping nvidia-smi together into frames. Each tick prints one row per GPU and nothing between ticks,
so only a row with the same or a lower index tells for certain that a new tick began, which is one tick late. Therefore
a frame counts as `ready` once it has as many rows as the one before it (at first: as many as GPUs are known), and the
caller publishes it when the output then falls silent for a moment. The number alone would not do: a card that comes
back makes a row more. Silence alone would not do either: the driver can take long between two cards, and half a frame
would show the other half as lost. What still comes later for the same tick is added, and the frame is published again.

A line that is neither a row nor a fault that is known says nothing about any card: the frame is then marked, so that a missing
row does not count as a lost card.
*/
export class FrameBuilder {
	readonly #fields: readonly string[];
	#expected: number | undefined;
	#samples: GpuSample[] = [];
	#messages: string[] = [];
	#published = false;
	#unreadable = false;

	/** @param expected how many GPUs the inventory lists; without it the first frame waits for the second tick. */
	constructor(fields: readonly string[], expected?: number) {
		this.#fields = fields;
		this.#expected = expected;
	}

	/** Takes a line in; gives the frame that it shows to be complete, unless that was published already. */
	add(line: string): GpuFrame | undefined {
		const row = parseRow(line, this.#fields);
		if (row) {
			return this.#addSample(sampleOf(row));
		}

		const message = shorten(safeText(shorten(line, 2000)), 300);
		if (message === '') {
			return undefined;
		}

		if (problemOfLine(message) === undefined) {
			this.leftOut();
		} else if (this.#samples.length === 0 && !this.#unreadable && this.#messages.includes(message)) {
			// No row between a line and its repetition: a whole tick went by without any GPU.
			const empty = this.publish();
			this.#start();
			this.#messages.push(message);
			return empty;
		}

		// After a published frame it belongs to the next tick: kept with the old one, it would be seen and gone at once.
		if (this.#published) {
			this.#start();
		}

		if (this.#messages.length < mostMessages) {
			this.#messages.push(message);
		}

		return undefined;
	}

	/** Something was printed that could not be read, or was not looked at: rows may be missing that were there. */
	leftOut(): void {
		if (this.#published) {
			this.#start();
		}

		this.#unreadable = true;
	}

	#addSample(sample: GpuSample): GpuFrame | undefined {
		const last = this.#samples.at(-1);
		let complete: GpuFrame | undefined;
		if (last && sample.index <= last.index) {
			complete = this.#published ? undefined : this.publish();
			this.#start();
		}

		this.#published = false;
		this.#samples.push(sample);
		return complete;
	}

	#start(): void {
		this.#samples = [];
		this.#messages = [];
		this.#published = false;
		this.#unreadable = false;
	}

	/** How many GPUs there are, learnt after the first rows came. A frame that was seen whole knows better. */
	expect(count: number): void {
		this.#expected ??= count;
	}

	/** Other lines than rows in this tick so far. */
	get messages(): readonly string[] {
		return this.#messages;
	}

	/** Nothing but what cannot be read came in this tick so far. */
	get onlyUnreadable(): boolean {
		return this.#unreadable && !this.#published && this.#samples.length === 0;
	}

	/** The rows of a tick that was not published yet. */
	get unpublished(): number {
		return this.#published ? 0 : this.#samples.length;
	}

	/** All rows that can be expected are there. */
	get ready(): boolean {
		return this.unpublished > 0 && this.#expected !== undefined && this.unpublished >= this.#expected;
	}

	/** The frame as it is now. */
	publish(): GpuFrame {
		this.#published = true;
		// Of a tick with gaps one learns no number.
		if (!this.#unreadable) {
			this.#expected = this.#samples.length;
		}

		const tick: GpuFrame = {samples: [...this.#samples], messages: [...this.#messages]};
		return this.#unreadable ? {...tick, unreadable: true} : tick;
	}
}
