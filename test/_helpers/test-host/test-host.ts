import {readFileSync} from 'node:fs';
import Docker from 'dockerode';
import type {TestImages} from './images.ts';

export type Gpu = {index: number; uuid: string; name: string};

/** What `npm test` set up for the end-to-end tests. */
export type TestHost = {
	/** For DOCKER_HOST. */
	address: string;
	images: TestImages;
	/** Whose behalf gpubox is run on. */
	uid: number;
	gid: number;
	/** For what tests write outside of the clone; removed at the end of the run. */
	folder: string;
	/** Node and the built gpubox, where that person may read them. */
	program: {node: string; cli: string};
	/** Missing where the engine is not the tests' own: then it has no GPU hook, and no second socket. */
	own?: {
		/** The same engine behind a socket that only root may use. */
		rootOnlyAddress: string;
		gpus: Gpu[];
		/** For `breakGpuDriver` and `gpuRequests`. */
		hookFolder: string;
		/** Holds the nvidia-smi that gpubox finds. */
		hostPath: string;
		/** For engines that a test starts: the next run ends those that a killed one left there, and removes all that is in it. */
		runFolder: string;
	};
};

/** Names the file that describes the test host. */
export const testHostVariable = 'GPUBOX_TEST_HOST';

/** The test host of this run. */
export function testHost(): TestHost {
	const file = process.env[testHostVariable];
	if (file === undefined) {
		throw new Error(`No test host: run the end-to-end tests through \`npm test\` (npm test -- --e2e --only NAME).`);
	}

	return JSON.parse(readFileSync(file, 'utf8')) as TestHost;
}

/** For a test's `skip`: why it cannot run here, or false. */
export const needsOwnEngine: string | false =
	process.env[testHostVariable] === undefined || testHost().own !== undefined
		? false
		: 'needs an engine of its own (run the tests as root)';

export function dockerOf({address}: Pick<TestHost, 'address'>): Docker {
	return new Docker({socketPath: address.replace(/^unix:\/\//, '')});
}
