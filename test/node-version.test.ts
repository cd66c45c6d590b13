import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const {engines} = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {engines: {node: string}};
const [, least = ''] = /^>=(\d+\.\d+)$/.exec(engines.node) ?? [];

/** The program, told that it runs on another Node. */
function startOn(version: string) {
	const pose = `Object.defineProperty(process.versions, 'node', {value: '${version}'})`;
	const words = [
		`--import=data:text/javascript,${encodeURIComponent(pose)}`,
		'--import=tsx',
		`${root}source/cli.ts`,
		'--version',
	];
	return spawnSync(process.execPath, words, {encoding: 'utf8', cwd: root});
}

test('an older Node than package.json asks for is refused in words, that one is taken', () => {
	for (const version of ['20.20.2', '22.0.0', '22.11.9']) {
		const {status, stderr} = startOn(version);
		assert.equal(status, 1, version);
		assert.match(stderr, new RegExp(`needs Node ${least.replace('.', '\\.')} or newer, and this is ${version}`));
	}

	for (const version of [`${least}.0`, '24.1.0']) {
		const {status, stderr} = startOn(version);
		assert.equal(status, 0, `${version}: ${stderr}`);
	}
});
