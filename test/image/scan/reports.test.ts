import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {atLeast, countFindings, type Finding, severities, thresholds} from '../../../source/image/scan/finding.ts';
import {readClair, readGrype, readTrivy} from '../../../source/image/scan/reports.ts';

const fixture = (name: string) =>
	readFileSync(new URL(`../../fixtures/scanners/${name}.json`, import.meta.url), 'utf8');
const rows = (findings: Finding[]) =>
	findings.map(({severity, id, package: name, installed, fixed}) => [severity, id, name, installed, fixed]);

describe('reports of the scanners', () => {
	test('trivy: packages of the distribution and of languages', () => {
		assert.deepEqual(rows(readTrivy(fixture('trivy'))), [
			['critical', 'CVE-2023-45853', 'zlib1g', '1:1.2.13.dfsg-1', null],
			['high', 'CVE-2024-2961', 'libc6', '2.36-9+deb12u4', '2.36-9+deb12u7'],
			['high', 'CVE-2024-6345', 'setuptools', '68.0.0', '70.0.0'],
			['low', 'CVE-2011-3374', 'apt', '2.6.1', null],
			['unknown', 'PYSEC-2024-0', 'odd', '1.0', null],
		]);
	});

	test('grype: each match once', () => {
		assert.deepEqual(rows(readGrype(fixture('grype'))), [
			['high', 'CVE-2024-2961', 'libc6', '2.36-9+deb12u4', '2.36-9+deb12u7'],
			['high', 'GHSA-cx63-2mw6-8hw5', 'setuptools', '68.0.0', '70.0.0'],
			['negligible', 'CVE-2011-3374', 'apt', '2.6.1', null],
		]);
	});

	test('clairctl: packages and vulnerabilities by their numbers; version 0 is none', () => {
		assert.deepEqual(rows(readClair(fixture('clair'))), [
			['high', 'CVE-2024-2961', 'libc6', '2.36-9+deb12u4', '2.36-9+deb12u7'],
			['high', 'GHSA-cx63-2mw6-8hw5', 'setuptools', '68.0.0', '70.0.0'],
			['negligible', 'CVE-2010-0000', 'libc6', '2.36-9+deb12u4', null],
		]);
	});

	test('clairctl: names, severities and versions as its databases write them', () => {
		const report = (vulnerabilities: Record<string, object>, scores: Record<string, object[]> = {}) =>
			JSON.stringify({
				manifest_hash: 'sha256:0',
				packages: {1: {name: 'p', version: '1'}},
				vulnerabilities,
				package_vulnerabilities: {1: Object.keys(vulnerabilities)},
				enrichments: {'message/vnd.clair.map.vulnerability; enricher=clair.cvss schema=nvd': [scores]},
			});
		const links = 'https://access.redhat.com/security/cve/CVE-2021-3 https://bugzilla.redhat.com/CVE-2021-3';
		const ids = (name: string, at = '') => readClair(report({a: {name, links: at}})).map(({id}) => id);
		assert.deepEqual(ids('RHSA-2022:0951: expat security update (Important)', `${links} CVE-2022-9`), [
			'RHSA-2022:0951',
		]);
		assert.deepEqual(ids('CVE-2011-3374 apt'), ['CVE-2011-3374']);
		assert.deepEqual(ids('GHSA-jq35-85cj-fj4p'), ['GHSA-jq35-85cj-fj4p']);
		assert.deepEqual(ids('pyup.io-42559 (CVE-2021-3572)'), ['CVE-2021-3572']);
		assert.deepEqual(ids('gmp: Integer overflow (moderate)', links), ['CVE-2021-3']);
		assert.deepEqual(ids('Cross-site: a title 2 (low)', `${links} CVE-2022-9`), ['Cross-site: a title 2 (low)']);

		// Debian's database judges nothing, and has 0:0 for what is not fixed.
		const debian = {name: 'CVE-2022-1 glibc', severity: '', normalized_severity: 'Unknown', fixed_in_version: '0:0'};
		assert.deepEqual(
			rows(readClair(report({a: debian}, {a: [{baseSeverity: 'MEDIUM'}, {baseSeverity: 'CRITICAL'}]}))),
			[['critical', 'CVE-2022-1', 'p', '1', null]],
		);
		assert.deepEqual(rows(readClair(report({a: debian}))), [['unknown', 'CVE-2022-1', 'p', '1', null]]);
		assert.deepEqual(rows(readClair(report({a: {...debian, severity: 'Low'}}, {a: [{baseSeverity: 'HIGH'}]}))), [
			['low', 'CVE-2022-1', 'p', '1', null],
		]);
		// Two databases know it: the worse severity, and the version of the one that has it.
		assert.deepEqual(
			rows(
				readClair(report({a: {...debian, severity: 'High', fixed_in_version: '2'}, b: {...debian, severity: 'Low'}})),
			),
			[['high', 'CVE-2022-1', 'p', '1', '2']],
		);
	});

	test('what recorded reports have beside the documented fields', () => {
		const match = (path: string) => ({
			vulnerability: {id: 'CVE-2009-3882', severity: 'High', fix: {versions: [], state: 'unknown'}, advisories: []},
			matchDetails: [{type: 'cpe-match', matcher: 'stock-matcher'}],
			artifact: {name: 'java', version: '17.0.10+7\u0000-J-ms8m', type: 'binary', locations: [{path}]},
		});
		// Grype reads versions out of programs, with the bytes around them; and tells a package at each of its places.
		assert.deepEqual(rows(readGrype(JSON.stringify({matches: [match('/opt/a'), match('/opt/b')]}))), [
			['high', 'CVE-2009-3882', 'java', '17.0.10+7-J-ms8m', null],
		]);
		const vulnerability = {
			VulnerabilityID: 'CVE-2025-66614',
			PkgName: 'org.apache.tomcat:tomcat-catalina',
			InstalledVersion: '9.0.109',
			FixedVersion: '11.0.14, 10.1.49, 9.0.112',
			Status: 'fixed',
			Severity: 'MEDIUM',
		};
		// Of Trivy's results some are about licenses or configurations, or about nothing at all.
		const results = [{Class: 'lang-pkgs', Vulnerabilities: [vulnerability]}, {Class: 'license', Licenses: []}, {}];
		assert.deepEqual(rows(readTrivy(JSON.stringify({SchemaVersion: 2, Results: results}))), [
			['medium', 'CVE-2025-66614', 'org.apache.tomcat:tomcat-catalina', '9.0.109', '11.0.14, 10.1.49, 9.0.112'],
		]);
	});

	test('an image without findings', () => {
		assert.deepEqual(readTrivy('{"SchemaVersion": 2}'), []);
		assert.deepEqual(readGrype('{"matches": []}'), []);
		assert.deepEqual(readClair('{"manifest_hash": "sha256:0", "packages": {}, "package_vulnerabilities": {}}'), []);
	});

	test('what is no report says what is wrong with it', () => {
		assert.throws(() => readTrivy('FATAL error'), /^Error: its report is not JSON$/);
		assert.throws(() => readTrivy('{}'), /unknown form \(SchemaVersion\)/);
		assert.throws(() => readGrype('{"matches": [{}]}'), /unknown form \(matches\.0\.vulnerability\)/);
		assert.throws(() => readClair('[]'), /unknown form/);
	});

	test('foreign text in a report reaches no terminal', () => {
		const report = fixture('grype').replace('"setuptools"', '"setup\\u001b[2Jtools\\u202e"');
		assert.ok(readGrype(report).some(({package: name}) => name === 'setuptools'));
	});

	test('any JSON gives findings or an error', () => {
		fc.assert(
			fc.property(fc.json(), (text) => {
				for (const read of [readTrivy, readGrype, readClair]) {
					try {
						assert.ok(Array.isArray(read(text)));
					} catch (error) {
						assert.match((error as Error).message, /^its report /);
					}
				}
			}),
		);
	});
});

test('a threshold takes what is as bad or worse, and nothing of unknown severity', () => {
	const all = severities.map(
		(severity): Finding => ({id: severity, severity, package: 'p', installed: '1', fixed: null}),
	);
	for (const [index, threshold] of thresholds.entries()) {
		assert.deepEqual(
			atLeast(all, threshold).map(({id}) => id),
			severities.slice(0, index + 1),
		);
	}

	assert.deepEqual(countFindings(all), {critical: 1, high: 1, medium: 1, low: 1, negligible: 1, unknown: 1});
});
