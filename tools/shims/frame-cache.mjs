/**
What a frame worked out, for the next one. Ink takes every piece of text apart into its characters, measures them, and forgets it with
the frame; but most text is the same in the next frame. What is not asked for in a frame is gone after it, so that there is never more than
two frames hold.
*/
export class FrameCache {
	#last = new Map();
	#now = new Map();

	get(key) {
		const known = this.#now.get(key);
		if (known !== undefined) {
			return known;
		}

		const kept = this.#last.get(key);
		if (kept !== undefined) {
			this.#now.set(key, kept);
		}

		return kept;
	}

	set(key, value) {
		this.#now.set(key, value);
	}

	/** A new frame begins. */
	turn() {
		this.#last = this.#now;
		this.#now = new Map();
	}
}
