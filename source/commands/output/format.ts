import type {Severity} from '../../job/lock/compare.ts';

/** GPUs as people know them: by index; by the start of the UUID where the driver does not say the index; MIG slices by their UUID. */
export function gpuNames(uuids: readonly string[], indexes: ReadonlyMap<string, number>): string {
	return uuids.map((uuid) => String(indexes.get(uuid) ?? shortUuid(uuid))).join(',');
}

/** `GPU-5a6b12cd-…` → `5a6b12cd` */
export function shortUuid(uuid: string): string {
	return uuid.replace(/^GPU-([\da-f]{8}).*$/i, '$1');
}

/** In front of a difference, as `verify` and `refresh` show them. */
export const severityMarks: Record<Severity, string> = {blocks: '✗', differs: '≠', note: '·'};
