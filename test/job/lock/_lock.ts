import type {Inside} from '../../../source/job/lock/inside.ts';
import type {Lock, LockInputs} from '../../../source/job/lock/lock.ts';
import {makeLock} from '../../../source/job/lock/make.ts';

const hash = (letter: string) => `sha256:${letter.repeat(64)}`;

export const inputs: LockInputs = {
	image: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
	packages: {apt: ['ffmpeg'], pip: ['einops>=0.8']},
};

const packages = '/opt/conda/lib/python3.11/site-packages';

export function distribution(name: string, version: string, more: Partial<Inside['distributions'][number]> = {}) {
	return {name, version, record: hash('a'), path: packages, from: 'image' as const, tops: [name], shadows: [], ...more};
}

export const inside: Inside = {
	python: '3.11.13',
	torch: '2.8.0+cu128',
	cuda: '12.8',
	cudnn: '91002',
	nccl: '2.27.3',
	archs: ['sm_70', 'sm_90', 'compute_90'],
	glibc: '2.35',
	problem: null,
	distributions: [distribution('einops', '0.8.1'), distribution('torch', '2.8.0+cu128'), distribution('six', '1.16')],
	apt: {ffmpeg: '7:4.4.2-0ubuntu0.22.04.1'},
	environment: {PATH: '/opt/conda/bin:/usr/bin'},
};

export const lock: Lock = makeLock({
	inputs,
	reference: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
	digest: hash('d'),
	base: {layers: [hash('1'), hash('2')], platform: 'linux/amd64'},
	layers: {install: hash('e'), packages: hash('f')},
	inside,
});
