/** Scans that were made, by image: nothing in an image changes, but what is known of it does, so that a scan counts for a day. */
import {join} from 'node:path';
import * as v from 'valibot';
import {makeFolder, writeFileAtomic} from '../../base/safe-files.ts';
import {readSmallFile} from '../../base/small-file.ts';
import {safeText} from '../../text/safe.ts';
import {type Finding, severities} from './finding.ts';

export type Scan = {scanner: string; scannedAt: Date; findings: Finding[]};

const day = 86_400_000;
const text = v.pipe(v.string(), v.transform(safeText));
const file = v.object({
	scanner: text,
	scannedAt: v.pipe(v.string(), v.isoTimestamp()),
	findings: v.array(
		v.object({
			id: text,
			severity: v.picklist(severities),
			package: text,
			installed: text,
			fixed: v.nullable(text),
		}),
	),
});

function pathOf(folder: string, scanner: string, id: string): string {
	return join(folder, `${scanner}-${id.replace(/[^\w]/g, '-')}.json`);
}

/** Undefined when there is none of the last day, or when it cannot be read. */
export function readScan(folder: string, scanner: string, id: string, now: Date): Scan | undefined {
	try {
		const content = readSmallFile(pathOf(folder, scanner, id), {maxBytes: 32 * 1024 ** 2}).toString('utf8');
		const {scannedAt, ...rest} = v.parse(file, JSON.parse(content));
		const at = new Date(scannedAt);
		const age = now.getTime() - at.getTime();
		return age >= 0 && age < day ? {...rest, scannedAt: at} : undefined;
	} catch {
		// It is made again.
		return undefined;
	}
}

export function keepScan(folder: string, id: string, scan: Scan): void {
	makeFolder(folder);
	writeFileAtomic(pathOf(folder, scan.scanner, id), JSON.stringify(scan), {mode: 0o600, replaceable: true});
}
