import {stripVTControlCharacters} from 'node:util';
import cliTruncate from 'cli-truncate';
import type {UpStep} from '../../box/up/types.ts';
import {tellPull} from '../../image/pull/pull-messages.ts';
import {type PullState, reducePull, startPull} from '../../image/pull/pull-progress.ts';
import {makeLiveLines} from './live-lines.ts';

/**
Prints on `out` what `up` is doing. On a terminal one line is rewritten in place, at most ten times a second; elsewhere each
step is told once, so that a log stays readable.
*/
export function makeReporter(out: NodeJS.WriteStream): {report: (step: UpStep) => void; end: () => void} {
	let pull = startPull();
	const live = makeLiveLines(out);
	let lastStep = '';
	let lastTime = 0;

	return {
		end: live.clear,
		report(step) {
			if (step.kind === 'note') {
				live.say(step.text);
				return;
			}

			if (step.kind === 'post-create') {
				// The project's own command: its output is kept in full.
				live.say(step.line ?? `Running in ${step.name}: ${step.command}`);
				return;
			}

			if (step.kind === 'pull') {
				pull = reducePull(pull, step.progress, performance.now());
				if (step.progress.remark) {
					live.say(pull.status);
				}
			}

			const [heading, detail] = describe(step, pull);
			const isNew = heading !== lastStep;
			lastStep = heading;
			if (!out.isTTY) {
				if (isNew) {
					live.say(heading);
				}

				return;
			}

			const now = Date.now();
			if (isNew || now - lastTime >= 100) {
				lastTime = now;
				live.draw([cliTruncate(`${heading}${detail ? ` ${detail}` : ''}`, Math.max(10, out.columns - 1))]);
			}
		},
	};
}

/** The step and its progress. */
function describe(step: Exclude<UpStep, {kind: 'note' | 'post-create'}>, pull: PullState): [string, string] {
	switch (step.kind) {
		case 'pull':
			return [`Pulling ${step.image} …`, tellPull(pull, performance.now())];
		case 'build':
			return [`${step.doing} ${step.image} (once for this image) …`, stripVTControlCharacters(step.line)];
		case 'work':
			return [`${step.doing} …`, step.detail];
		case 'queue':
			return [`Waiting for GPUs, behind ${step.behind.join(', ')} …`, ''];
		case 'start':
			return [`Starting ${step.name} …`, ''];
		case 'wait':
			return [`Waiting for ${step.service === 'jupyter' ? 'Jupyter' : 'SSH'} of ${step.name} …`, ''];
	}
}
