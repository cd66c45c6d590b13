import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {Failure} from '../../../source/base/failure.ts';
import {keepScan, readScan} from '../../../source/image/scan/kept-scans.ts';
import {findScanner, runScanner} from '../../../source/image/scan/run-scanner.ts';
import {scanners} from '../../../source/image/scan/scanners.ts';
import {waitUntil} from '../../_helpers/test-host/wait-until.ts';

const folder = mkdtempSync(join(tmpdir(), 'gpubox-scanner-'));
after(() => rmSync(folder, {recursive: true}));

const fixture = fileURLToPath(new URL('../../fixtures/scanners/trivy.json', import.meta.url));
const image = {id: `sha256:${'0'.repeat(64)}`, inRegistry: undefined};

/** A trivy that runs this script. */
function trivy(script: string) {
	const file = join(folder, 'trivy');
	writeFileSync(file, `#!/bin/sh\n${script}\n`, {mode: 0o755});
	return {scanner: scanners.trivy, file};
}

const run = (script: string, more: {limits?: {seconds: number; bytes: number}; signal?: AbortSignal} = {}) =>
	runScanner(trivy(script), image, {
		engineAddress: 'unix:///run/test.sock',
		environment: {PATH: process.env.PATH, HOME: folder},
		signal: new AbortController().signal,
		...more,
	});

describe('running a scanner', () => {
	test('it is told which image of which engine, and its report is read', async () => {
		const findings = await run(`echo "$DOCKER_HOST $*" > ${folder}/called\ncat ${fixture}`);
		assert.equal(findings.length, 5);
		assert.equal(
			readFileSync(join(folder, 'called'), 'utf8'),
			`unix:///run/test.sock image --quiet --format json --scanners vuln --timeout 30m ${image.id}\n`,
		);
	});

	test('its failure is its own last line', async () => {
		await assert.rejects(run('echo one >&2; echo "FATAL: \\033[31mno database" >&2; exit 1'), (error) => {
			assert.ok(error instanceof Failure);
			assert.equal(error.message, 'trivy failed: FATAL: no database');
			assert.deepEqual(error.details, ['one']);
			assert.match(error.fix, /^To see all of it: trivy image/);
			return true;
		});
	});

	test('what takes too long, prints too much or is no report is ended and told', async () => {
		const limits = {seconds: 0.2, bytes: 1024 ** 2};
		await assert.rejects(run('sleep 60', {limits}), /did not end within 0\.2 s/);
		await assert.rejects(run('yes', {limits: {...limits, seconds: 60}}), /printed more than 1 MiB/);
		await assert.rejects(run('echo hello'), /gave no usable answer: its report is not JSON/);
	});

	test('an abort ends it and what it started', async () => {
		const controller = new AbortController();
		const running = run(`sleep 60 & echo $! > ${folder}/child; wait`, {signal: controller.signal});
		await waitUntil(
			'the child',
			async () => existsSync(join(folder, 'child')) && readFileSync(join(folder, 'child'), 'utf8') !== '',
		);
		controller.abort(new Error('enough'));
		await assert.rejects(running, /enough/);
		const child = readFileSync(join(folder, 'child'), 'utf8').trim();
		await waitUntil(
			'its end',
			async () => !existsSync(`/proc/${child}`) || / Z /.test(readFileSync(`/proc/${child}/stat`, 'utf8')),
		);
	});

	test('clairctl cannot see an image that no registry has', async () => {
		await assert.rejects(
			runScanner({...trivy('true'), scanner: scanners.clairctl}, image, {
				engineAddress: '',
				environment: {},
				signal: new AbortController().signal,
			}),
			/clairctl cannot scan sha256:0+: Clair fetches images from a registry/,
		);
	});

	test('the first of those wanted that is on the PATH', () => {
		const {file} = trivy('true');
		assert.equal(findScanner({PATH: folder}, ['trivy'])?.file, file);
		assert.equal(findScanner({PATH: `/nowhere:${folder}`})?.scanner.name, 'trivy');
		assert.equal(findScanner({PATH: join(folder, 'empty')}, []), undefined);
	});
});

test('a scan counts for a day, and one that cannot be read is made again', () => {
	const scan = {
		scanner: 'trivy',
		scannedAt: new Date('2026-01-31T09:00:00Z'),
		findings: [{id: 'CVE-1', severity: 'high' as const, package: 'p', installed: '1', fixed: null}],
	};
	const kept = join(folder, 'scans');
	keepScan(kept, image.id, scan);
	assert.deepEqual(readScan(kept, 'trivy', image.id, new Date('2026-02-01T08:00:00Z')), scan);
	assert.equal(readScan(kept, 'trivy', image.id, new Date('2026-02-01T10:00:00Z')), undefined);
	assert.equal(readScan(kept, 'grype', image.id, new Date('2026-02-01T08:00:00Z')), undefined);
	writeFileSync(join(kept, `trivy-${image.id.replace(':', '-')}.json`), '{"scanner":');
	assert.equal(readScan(kept, 'trivy', image.id, new Date('2026-02-01T08:00:00Z')), undefined);
});
