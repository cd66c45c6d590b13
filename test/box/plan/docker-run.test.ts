import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {test} from 'node:test';
import fc from 'fast-check';
import {toDockerRun} from '../../../source/box/plan/docker-run.ts';
import type {ContainerSpec} from '../../../source/engine/engine.ts';

const spec: ContainerSpec = {
	name: 'gpubox-x',
	image: 'image:1',
	environment: {},
	labels: {},
	mounts: [],
	ports: [],
	gpus: [],
	gpuMechanism: 'gpu',
	init: false,
	capDrop: [],
	capAdd: [],
	securityOptions: [],
};

/** What docker would be called with if a person pasted the line into a shell. */
function pasted(line: string): string[] {
	const script = `docker() { printf '%s\\0' "$@"; }\n${line}\n`;
	return execFileSync('/bin/sh', ['-c', script], {encoding: 'utf8', env: {PATH: '/nonexistent'}})
		.split('\0')
		.slice(0, -1);
}

const given = (words: string[], option: string) => words[words.indexOf(option) + 1];

test('the shell hands docker exactly the words meant, whatever is in them', () => {
	const word = fc.string({unit: 'grapheme-ascii'}).filter((text) => !text.includes('\0'));
	fc.assert(
		fc.property(word, word, (value, folder) => {
			const words = pasted(
				toDockerRun({
					...spec,
					environment: {V: value},
					labels: {'a.b': value},
					mounts: [{type: 'volume', source: `x${folder.replaceAll(/[",]/g, '')}`, target: '/t', readOnly: true}],
				}),
			);
			assert.equal(given(words, '--env'), `V=${value}`);
			assert.equal(given(words, '--label'), `a.b=${value}`);
			assert.equal(given(words, '--mount'), `type=volume,source=x${folder.replaceAll(/[",]/g, '')},target=/t,readonly`);
			assert.deepEqual(words.slice(-1), ['image:1']);
		}),
		{numRuns: 60},
	);
});

test('several GPUs keep the quotes that docker wants inside the value', () => {
	const words = pasted(toDockerRun({...spec, gpus: ['GPU-a', 'GPU-b'], gpuCapabilities: ['compute', 'utility']}));
	assert.equal(given(words, '--gpus'), '"device=GPU-a,GPU-b","capabilities=gpu,compute,utility"');
});

test('by CDI each GPU is a device', () => {
	const words = pasted(toDockerRun({...spec, gpus: ['GPU-a', 'GPU-b'], gpuMechanism: 'cdi'}));
	assert.deepEqual(
		words.filter((word) => word.startsWith('nvidia.com/')),
		['nvidia.com/gpu=GPU-a', 'nvidia.com/gpu=GPU-b'],
	);
});

test('a mount whose path has a comma or a quote is quoted as CSV', () => {
	const words = pasted(toDockerRun({...spec, mounts: [{type: 'bind', source: '/a,b"c', target: '/t'}]}));
	assert.equal(given(words, '--mount'), 'type=bind,"source=/a,b""c",target=/t');
});

test('limits, ports and the rest', () => {
	const words = pasted(
		toDockerRun({
			...spec,
			init: true,
			user: '1000:1000',
			entrypoint: ['/start', 'first'],
			command: ['jupyter'],
			ports: [{containerPort: 8888, hostPort: 9999, hostAddress: '127.0.0.1'}],
			sharedMemoryBytes: 8 * 1024 ** 3,
			memoryBytes: 1024 ** 2 * 1500,
			cpus: 2.5,
			ulimits: {memlock: -1},
			capDrop: ['ALL'],
			securityOptions: ['no-new-privileges'],
		}),
	);
	assert.deepEqual(words, [
		'run',
		'--detach',
		'--name',
		'gpubox-x',
		'--init',
		'--user',
		'1000:1000',
		'--publish',
		'127.0.0.1:9999:8888',
		'--shm-size',
		'8g',
		'--memory',
		'1500m',
		'--cpus',
		'2.5',
		'--ulimit',
		'memlock=-1:-1',
		'--cap-drop',
		'ALL',
		'--security-opt',
		'no-new-privileges',
		'--entrypoint',
		'/start',
		'image:1',
		'first',
		'jupyter',
	]);
});
