import type {Diagnostic} from '../../../base/failure.ts';
import type {ContainerProcess, ContainerSpec, ContainerUse} from '../../../engine/engine.ts';
import {inEqualParts} from '../../../gpu/history/means.ts';

/** What the engine said of the box that is looked at; undefined until it has answered. */
export type BoxCard = {
	boxId: string | undefined;
	spec: ContainerSpec | undefined;
	/** Of its image: what of the settings is not the box's own. */
	imageEnvironment: Record<string, string>;
	/** Everything that runs in it. Asked only for the user's own boxes: command lines are their owner's. */
	processes: ContainerProcess[] | undefined;
	use: ContainerUse | undefined;
	problem: Diagnostic | undefined;
};

export const noBoxCard: BoxCard = {
	boxId: undefined,
	spec: undefined,
	imageEnvironment: {},
	processes: undefined,
	use: undefined,
	problem: undefined,
};

/** After such a gap what came before would stand in the curve as if it had been just before. */
const longestGapMs = 10_000;

/** What one box used, by the second, for its curves. */
export class UseHistory {
	readonly #length: number;
	#uses: ContainerUse[] = [];

	/** @param length how many measurements are kept: as long as the readings of GPUs beside it */
	constructor(length = 300) {
		this.#length = length;
	}

	add(use: ContainerUse): void {
		const last = this.#uses.at(-1);
		if (last !== undefined && use.at - last.at > longestGapMs) {
			this.clear();
		}

		this.#uses.push(use);
		this.#uses.splice(0, this.#uses.length - this.#length);
	}

	/** Of another box, or of none. */
	clear(): void {
		this.#uses = [];
	}

	/** All of the time, in equal parts, the newest last. */
	of(figure: 'cpuPercent' | 'memoryBytes', points: number): Array<number | null> {
		const before = Array.from({length: this.#length - this.#uses.length}, () => null);
		return inEqualParts([...before, ...this.#uses.map((use) => use[figure])], points);
	}
}
