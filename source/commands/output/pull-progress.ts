import type {PullProgress} from '../../engine/engine.ts';
import {tellLayer, tellPull} from '../../image/pull/pull-messages.ts';
import {type Layer, type PullState, reducePull, startPull} from '../../image/pull/pull-progress.ts';
import {cut} from '../../text/layout/fit.ts';
import {makeLiveLines} from './live-lines.ts';

type Screen = Pick<NodeJS.WriteStream, 'write'> & {isTTY?: boolean; columns?: number; rows?: number};

const atWork: ReadonlySet<Layer['state']> = new Set(['downloading', 'retrying', 'downloaded', 'extracting']);

/** What a terminal shows of a pull: the total, then a line for each active layer, as far as they fit. */
export function drawPull(
	state: PullState,
	heading: string,
	now: number,
	size: {columns: number; rows: number},
): string[] {
	const active = [...state.layers.values()].filter((layer) => atWork.has(layer.state));
	// One line for the total, one for the layers that do not fit, one that stays free.
	const room = Math.max(0, size.rows - 3);
	const shown = active.slice(0, room);
	const rest = active.length - shown.length;
	return [
		`${heading}  ${tellPull(state, now)}`.trimEnd(),
		...shown.map((layer) => `  ${tellLayer(layer)}`),
		...(rest > 0 ? [`  and ${rest} more`] : []),
	].map((line) => cut(line, size.columns - 1));
}

/**
Follows a pull on `out`. On a terminal its lines are rewritten in place, at most ten times a second; elsewhere each layer is told
once, when it is done.
*/
export function makePullReporter(
	out: Screen,
	heading: string,
	expectedBytes: number | null,
	now = () => performance.now(),
) {
	let state = startPull(expectedBytes);
	const live = makeLiveLines(out);
	let next: NodeJS.Timeout | undefined;

	if (!out.isTTY) {
		out.write(`${heading}\n`);
	}

	return {
		onProgress(progress: PullProgress) {
			const before = state;
			state = reducePull(state, progress, now());
			if (progress.remark) {
				live.say(state.status);
			}

			if (out.isTTY) {
				// Messages come in bursts; the last of a burst must be shown even when nothing follows for long.
				next ??= setTimeout(() => {
					next = undefined;
					live.draw(drawPull(state, heading, now(), {columns: out.columns ?? 80, rows: out.rows ?? 24}));
				}, 100);
				return;
			}

			for (const [id, layer] of state.layers) {
				const settled = layer.state === 'done' || layer.state === 'exists';
				if (settled && before.layers.get(id)?.state !== layer.state) {
					out.write(`  ${tellLayer(layer)}\n`);
				}
			}
		},
		/** Prints a permanent line above the rewritten ones. */
		say: live.say,
		/** Erases the rewritten lines. */
		end() {
			clearTimeout(next);
			live.clear();
		},
		state: () => state,
	};
}
