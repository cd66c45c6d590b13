/** What a layer does not have because it could not be fetched when the layer was built, and when to try again. Pure. */
import {lacksLabel, triedLabel} from '../../layer-labels.ts';

/** Milliseconds between two attempts: each waits for a package mirror, which may well be away for a while. */
const pauseMs = 3_600_000;

/** What templates/derive/install says that it could not add, from the lines of a build. */
export function lackingIn(lines: readonly string[]): string[] {
	return [...new Set(lines.flatMap((line) => /^gpubox: this layer lacks ([a-z0-9-]+)$/.exec(line)?.[1] ?? []))];
}

/** The labels of a layer that lacks this now. Empty ones take those of the layer below away. */
export function lackingLabels(lacking: readonly string[], now: Date): Record<string, string> {
	return {[lacksLabel]: lacking.join(' '), [triedLabel]: lacking.length === 0 ? '' : now.toISOString()};
}

/**
What is worth another attempt now: what the layer lacks, unless the last attempt was within the last hour. Where the time of that attempt
cannot be read, or is in the future, there was none.
*/
export function dueAgain(labels: Readonly<Record<string, string>>, now: Date): string[] {
	const lacking = (labels[lacksLabel] ?? '').split(' ').filter((name) => /^[a-z0-9-]+$/.test(name));
	const since = now.getTime() - Date.parse(labels[triedLabel] ?? '');
	return since >= 0 && since < pauseMs ? [] : lacking;
}
