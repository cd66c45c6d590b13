import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import {findProblems} from '../../../source/gpu/problems.ts';
import {isWsl, locate, remoteCommand} from '../../../source/gpu/smi/locate.ts';

const environment = {PATH: '/home/alice/bin:/usr/bin'};
const onlyAt =
	(...files: string[]) =>
	(file: string) =>
		files.includes(file);

test('what the PATH has is started as it is', () => {
	const has = onlyAt('/home/alice/bin/nvidia-smi', '/usr/lib/wsl/lib/nvidia-smi');
	assert.deepEqual(locate('nvidia-smi', environment, {has}), {file: 'nvidia-smi', environment});
});

for (const file of [
	'/usr/lib/wsl/lib/nvidia-smi',
	'/usr/local/nvidia/bin/nvidia-smi',
	'/run/current-system/sw/bin/nvidia-smi',
	'/run/opengl-driver/bin/nvidia-smi',
	'/home/kubernetes/bin/nvidia/bin/nvidia-smi',
	'/usr/local/bin/nvidia-smi',
]) {
	test(`off the PATH: ${file}`, () => {
		assert.equal(locate('nvidia-smi', environment, {has: onlyAt(file)}).file, file);
		assert.equal(locate('nvidia-smi', {}, {has: onlyAt(file)}).file, file);
		assert.ok(remoteCommand('nvidia-smi').includes(`:${path.dirname(file)}`), 'the same over ssh');
	});
}

test('the libraries beside it are found too', () => {
	const has = onlyAt('/var/lib/nvidia/bin/nvidia-smi');
	assert.equal(locate('nvidia-smi', environment, {has}).environment.LD_LIBRARY_PATH, '/var/lib/nvidia/lib64');
	const more = {...environment, LD_LIBRARY_PATH: '/opt/lib'};
	assert.equal(locate('nvidia-smi', more, {has}).environment.LD_LIBRARY_PATH, '/opt/lib:/var/lib/nvidia/lib64');
});

test('what is nowhere, or has a path, stays as it is', () => {
	assert.deepEqual(locate('nvidia-smi', environment, {has: () => false}), {file: 'nvidia-smi', environment});
	assert.equal(locate('/x/nvidia-smi', environment, {has: () => true}).file, '/x/nvidia-smi');
});

for (const shell of ['sh', 'bash']) {
	test(`another machine with ${shell}: the arguments arrive, and nothing there is exit code 127`, (t) => {
		const folder = mkdtempSync(path.join(tmpdir(), 'gpubox-locate-'));
		t.after(() => rmSync(folder, {recursive: true, force: true}));
		const remote = (PATH: string) =>
			spawnSync(shell, ['-c', `${remoteCommand('nvidia-smi')} --query-gpu=index,uuid -lms 1000`], {
				encoding: 'utf8',
				env: {PATH},
			});
		const nothing = remote('/usr/bin:/bin');
		assert.equal(nothing.status, 127);
		assert.deepEqual(
			findProblems([...nothing.stdout.split('\n'), ...nothing.stderr.split('\n')], {exitCode: 127}).map(
				({code}) => code,
			),
			['not-installed'],
		);
		mkdirSync(path.join(folder, 'bin'));
		writeFileSync(path.join(folder, 'bin', 'nvidia-smi'), '#!/bin/sh\nprintf "%s|" "$@"\n');
		chmodSync(path.join(folder, 'bin', 'nvidia-smi'), 0o755);
		assert.equal(remote(`/usr/bin:/bin:${folder}/bin`).stdout, '--query-gpu=index,uuid|-lms|1000|');
	});
}

test('in WSL no problem is met with a driver for Linux', () => {
	assert.equal(
		isWsl(() => 'Linux version 6.6.87.2-microsoft-standard-WSL2'),
		true,
	);
	assert.equal(
		isWsl(() => 'Linux version 6.12.0-amd64'),
		false,
	);
	for (const [lines, end] of [
		[[], {exitCode: null, startError: 'ENOENT'}],
		[["NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."], {exitCode: 9}],
		[["NVIDIA-SMI couldn't find libnvidia-ml.so library in your system."], {exitCode: 12}],
		[['No devices were found'], {exitCode: 6}],
		[['Failed to initialize NVML: Driver/library version mismatch'], {exitCode: 18}],
	] as const) {
		const [problem] = findProblems(lines, {...end, wsl: true});
		assert.match(problem?.fix ?? '', /Windows/);
		assert.doesNotMatch(problem?.fix ?? '', /[Ii]nstall|modprobe|kernel module/);
	}

	// Over ssh the other machine says it.
	const [there] = findProblems(['nvidia-smi: not found in WSL'], {exitCode: 127});
	assert.equal(there?.code, 'not-installed');
	assert.match(there?.fix ?? '', /Windows/);
});
