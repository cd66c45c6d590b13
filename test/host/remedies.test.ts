import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {describe, test} from 'node:test';
import {EngineError} from '../../source/engine/engine.ts';
import {explain, findRemedy, remedies} from '../../source/host/remedies.ts';

/** As programs print them, each with where it is from. */
const texts = JSON.parse(readFileSync(new URL('../fixtures/error-texts.json', import.meta.url), 'utf8')) as Array<{
	text: string;
	remedy: string;
	source: string;
}>;

test('a file system that takes no more is no bug of gpubox', () => {
	for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS']) {
		const error = Object.assign(new Error(`${code}: it says so, write`), {code, path: '/a/b'});
		const {message, fix} = explain(error);
		assert.equal(message, `Cannot write: ${code}: it says so, write`);
		assert.ok(fix !== '' && !fix.includes('bug'), fix);
	}
});

test('what the system does not allow, and a folder that is gone, are no bug of gpubox', (t) => {
	const denied = (path: string) =>
		explain(Object.assign(new Error(`EACCES: permission denied, mkdir '${path}'`), {code: 'EACCES', path}));
	assert.equal(denied('/srv/a b').message, "The system does not allow it: EACCES: permission denied, mkdir '/srv/a b'");
	assert.match(denied('/srv/a b').fix, /ls -ld '\/srv\/a b'$/);
	assert.match(denied('nvidia-smi').fix, /bug in gpubox/);
	const gone = Object.assign(new Error('ENOENT: process.cwd failed, uv_cwd'), {code: 'ENOENT', syscall: 'uv_cwd'});
	assert.equal(explain(gone).message, 'The folder that you are in was removed.');
	const {HOME} = process.env;
	t.after(() => {
		process.env.HOME = HOME;
	});
	process.env.HOME = '/nonexistent/home';
	for (const path of ['/nonexistent', '/nonexistent/home/.cache/gpubox']) {
		assert.match(denied(path).fix, /^Your home, \/nonexistent\/home, is not there\./);
	}

	assert.match(denied('/nonexistent2').fix, /ls -ld/);
	// It is refused as such elsewhere; here it must not hide what is told.
	process.env.HOME = 'relative';
	assert.match(denied('/srv/a').fix, /ls -ld/);
});

test('a part of gpubox that an update removed is no bug of it', (t) => {
	const [, program = ''] = process.argv;
	t.after(() => {
		process.argv[1] = program;
	});
	process.argv[1] = '/opt/gpubox/dist/cli.js';
	const missing = (path: string) =>
		explain(Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), {code: 'ENOENT', path}));
	assert.match(missing('/opt/gpubox/dist/chunks/doctor-abc.js').message, /updated or removed while this ran/);
	assert.match(missing('/home/alice/chunks/x.js').fix, /bug in gpubox/);
});

describe('known error texts', () => {
	for (const {text, remedy, source} of texts) {
		test(`${text} (${source})`, () => {
			assert.equal(findRemedy(text)?.id, remedy);
			assert.equal(findRemedy(`OCI runtime create failed: ${text}: unknown`)?.id, remedy);
		});
	}

	test('every remedy is met with a text from elsewhere', () => {
		const met = new Set(texts.map(({remedy}) => remedy));
		assert.deepEqual(
			remedies.filter(({id}) => !met.has(id)).map(({id}) => id),
			[],
		);
	});

	test('the example of each is recognised as its own', () => {
		for (const {id, example} of remedies) {
			assert.equal(findRemedy(example)?.id, id);
		}
	});

	test('each has an id of its own, a meaning and a fix', () => {
		assert.equal(new Set(remedies.map(({id}) => id)).size, remedies.length);
		for (const {id, meaning, fix} of remedies) {
			assert.match(meaning, /^\p{Lu}.+\.$/u, id);
			assert.ok(fix.length > 5, id);
		}
	});

	test('what is not known is told as it is', () => {
		assert.equal(findRemedy('the moon is in the wrong quarter'), undefined);
		const failure = explain(new EngineError('failed', 'the moon is in the wrong quarter'));
		assert.equal(failure.message, 'the moon is in the wrong quarter');
	});
});

test('a container that ended or went between two questions is told as its box', () => {
	for (const [code, words, message, exit] of [
		['conflict', 'Container 5f2c is not running', 'The box stopped in the meantime.', 1],
		[
			'conflict',
			'container 5f2c is not running: Exited (0) Less than a second ago',
			'The box stopped in the meantime.',
			1,
		],
		['not-found', 'No such container: 5f2c', 'The box was removed in the meantime.', 6],
		[
			'conflict',
			'can not get logs from container which is dead or marked for removal',
			'The box was removed in the meantime.',
			6,
		],
		['not-found', 'No such image: 5f2c', 'No such image: 5f2c', 1],
	] as const) {
		const failure = explain(new EngineError(code, words));
		assert.deepEqual([failure.message, failure.exitCode], [message, exit]);
	}
});

// A box may say such things of servers of its own.
for (const text of [
	'401 Unauthorized: no token',
	'requests.exceptions.ConnectionError: connection refused',
	'x509: expired',
]) {
	test(`${text}: is not about a registry`, () => assert.equal(findRemedy(text), undefined));
}
