import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, test} from 'node:test';
import {openingOf} from '../../../source/app/boxes/open-box.ts';
import {exitCode, Failure} from '../../../source/base/failure.ts';
import type {Box} from '../../../source/box/box.ts';
import {boxFolder} from '../../../source/box/paths.ts';
import type {Host} from '../../../source/host/host.ts';
import {makeBox} from '../../_helpers/make-box.ts';

const token = 'a'.repeat(32);
const fixes = {noJupyter: 'no-jupyter', notYours: 'not-yours', notRunning: 'not-running', noAddress: 'no-address'};
const addresses = {jupyter: {host: '127.0.0.1', port: 8890}};
const overSsh = {SSH_CONNECTION: '192.0.2.7 50312 192.0.2.1 22'};

let state: string;
let host: Pick<Host, 'paths' | 'person' | 'engine'>;
beforeEach(() => {
	state = mkdtempSync(join(tmpdir(), 'gpubox-open-'));
	host = {paths: {state}, person: {name: 'alice'}, engine: {local: true}} as unknown as typeof host;
	const folder = boxFolder(host.paths, 'alice-train~1');
	mkdirSync(folder, {recursive: true});
	writeFileSync(join(folder, 'token'), token);
});
afterEach(() => rmSync(state, {recursive: true, force: true}));

/** The refusal of a box that cannot be opened. */
function refusal(members: Partial<Box>): Failure {
	try {
		openingOf(host, makeBox({addresses, ...members}), fixes, {});
	} catch (error) {
		assert.ok(error instanceof Failure);
		return error;
	}

	return assert.fail('it was opened');
}

test('the URL of a box of the caller has its token', () => {
	const {url, tunnel} = openingOf(host, makeBox({addresses}), fixes, {});
	assert.deepEqual([url, tunnel], [`http://127.0.0.1:8890/?token=${token}`, undefined]);
});

test('over SSH it comes with the tunnel, unless the box is on yet another machine', () => {
	const {tunnel} = openingOf(host, makeBox({addresses}), fixes, overSsh);
	assert.equal(tunnel, 'ssh -NL 8890:127.0.0.1:8890 alice@192.0.2.1');
	host = {...host, engine: {...host.engine, local: false, address: 'ssh://far'}};
	assert.equal(openingOf(host, makeBox({addresses}), fixes, overSsh).tunnel, undefined);
});

test('a box of another user is refused', () => {
	const failure = refusal({owner: 'bob', mine: false, folder: undefined});
	assert.equal(failure.message, 'alice-train belongs to bob, and only they have its token.');
	assert.deepEqual([failure.fix, failure.exitCode], ['not-yours', exitCode.failed]);
});

test('a box that only claims to be of the caller is refused', () => {
	assert.match(refusal({mine: false, folder: undefined, ownerIs: 'claimed'}).message, /claims to be yours/);
});

test('a box without Jupyter, a stopped one and one without an address are refused, each with its fix', () => {
	assert.equal(refusal({services: ['ssh']}).fix, 'no-jupyter');
	assert.equal(refusal({state: 'exited', addresses: {}}).fix, 'not-running');
	assert.equal(refusal({addresses: {}}).fix, 'no-address');
});
