import {stripVTControlCharacters} from 'node:util';
import cliTruncate from 'cli-truncate';
import type {UpStep} from '../box/up-steps.ts';
import {formatBytes} from '../text/bytes.ts';

/**
Tells on `out` what `up` is doing. On a terminal one line is rewritten in place, at most ten times a second; elsewhere each
step is told once, so that a log stays readable.
*/
export function makeReporter(out: NodeJS.WriteStream): {report: (step: UpStep) => void; end: () => void} {
	const layers = new Map<string, {current: number; total: number}>();
	let shown = '';
	let lastStep = '';
	let lastTime = 0;

	const end = () => {
		if (shown !== '') {
			out.write('\r\u001B[K');
			shown = '';
		}
	};
	const say = (text: string) => {
		end();
		out.write(`${text}\n`);
	};

	return {
		end,
		report(step) {
			if (step.kind === 'note') {
				say(step.text);
				return;
			}

			if (step.kind === 'post-create') {
				// The project's own command: its output is worth keeping whole.
				say(step.line ?? `Running in ${step.name}: ${step.command}`);
				return;
			}

			if (step.kind === 'pull' && step.progress.layer && step.progress.totalBytes) {
				layers.set(step.progress.layer, {
					current: step.progress.currentBytes ?? 0,
					total: step.progress.totalBytes,
				});
			}

			const [heading, detail] = describe(step, layers);
			const isNew = heading !== lastStep;
			lastStep = heading;
			if (!out.isTTY) {
				if (isNew) {
					say(heading);
				}

				return;
			}

			const now = Date.now();
			if (isNew || now - lastTime >= 100) {
				lastTime = now;
				shown = cliTruncate(`${heading}${detail ? ` ${detail}` : ''}`, Math.max(10, out.columns - 1));
				out.write(`\r\u001B[K${shown}`);
			}
		},
	};
}

/** What a step is, and how far it is. */
function describe(
	step: Exclude<UpStep, {kind: 'note' | 'post-create'}>,
	layers: Map<string, {current: number; total: number}>,
): [string, string] {
	switch (step.kind) {
		case 'pull': {
			const sum = [...layers.values()].reduce((a, b) => ({current: a.current + b.current, total: a.total + b.total}), {
				current: 0,
				total: 0,
			});
			return [
				`Pulling ${step.image} …`,
				sum.total > 0 ? `${formatBytes(sum.current)} of ${formatBytes(sum.total)}` : step.progress.status,
			];
		}

		case 'build':
			return [`${step.doing} ${step.image} (once for this image) …`, stripVTControlCharacters(step.line)];
		case 'start':
			return [`Starting ${step.name} …`, ''];
		case 'wait':
			return [`Waiting for ${step.service === 'jupyter' ? 'Jupyter' : 'SSH'} of ${step.name} …`, ''];
	}
}
