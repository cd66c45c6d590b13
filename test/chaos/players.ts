/** Who plays in the rounds, and what holds for whatever they call. */

import assert from 'node:assert/strict';
import type {FaultProxy} from '../_helpers/test-host/fault-proxy.ts';
import type {dockerOf, Person, Result, TestHost} from '../_helpers/test-host/index.ts';

/** `folder` has the box, `jobs` is where runs are started, `code` is the project that is pushed. */
export type Player = {
	person: Person;
	token: string | undefined;
	folder: string;
	jobs: string;
	code: string;
};

export type Chaos = {
	host: TestHost;
	docker: ReturnType<typeof dockerOf>;
	players: [Player, Player];
	proxy: FaultProxy;
	/** Address of the registry that is pushed to. */
	registry: string;
	random: (most: number) => number;
};

export const up = ({folder}: Player, {images}: TestHost, ...more: string[]): string[] => [
	'up',
	folder,
	'--json',
	'--jupyter',
	'--image',
	images.jupyter,
	'--gpus',
	'1',
	'--secret',
	'SECRET',
	...more,
];

export const push = ({registry}: Pick<Chaos, 'registry'>): string[] => [
	'push',
	'--registry',
	`${registry}/chaos`,
	'--tag',
	'v1',
	'--',
	'sh',
	'job.sh',
];

/** Where a verb is called. */
export function placeOf([verb]: string[], {jobs, code}: Player): string {
	return verb === 'push' ? code : jobs;
}

export const script = 'echo one; sleep 0.3; echo two\n';

export const environment = {SECRET: 'a value'};

/** What holds for every run of every verb. */
export function checkResult(words: string[], {code, stdout, stderr}: Result): void {
	const told = `${words.join(' ')}: ${code} ${stderr.slice(-1500)}`;
	assert.ok(code === null || [0, 1, 2, 3, 4, 5, 6, 7, 8, 125, 130].includes(code), told);
	assert.doesNotMatch(
		`${stdout}${stderr}`,
		/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/,
		told,
	);
	assert.doesNotMatch(stderr, /\n\s+at .+:\d+:\d+|unsettled|TypeError|bug in gpubox|defect of gpubox/, told);
}

export function pick<T>({random}: Pick<Chaos, 'random'>, choices: readonly T[]): T {
	return choices[random(choices.length)] as T;
}
