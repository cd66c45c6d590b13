/** Options that several verbs have, each with its text in one place. */
import {Option} from '@commander-js/extra-typings';
import {collect, toPositive, toProcesses} from './verb.ts';

export const shared = {
	get image() {
		return new Option('--image <ref>', 'use this image instead of the best match for this host');
	},
	get gpus() {
		return new Option('--gpus <gpus>', 'request GPUs: auto, none, all, a count, indexes (0,2) or UUIDs');
	},
	get shareGpus() {
		return new Option('--share-gpus', 'allow GPUs that others use');
	},
	get memory() {
		return new Option('-m, --memory <size>', 'limit memory, e.g. 32g');
	},
	get cpus() {
		return new Option('--cpus <n>', 'limit CPUs').argParser(toPositive);
	},
	get shmSize() {
		return new Option('--shm-size <size>', 'set the size of /dev/shm, e.g. 16g');
	},
	get pidsLimit() {
		return new Option('--pids-limit <n>', 'limit processes and threads').argParser(toProcesses);
	},
	get mount() {
		return new Option('-v, --mount <src:dst[:ro]>', 'mount a folder (repeatable)').argParser(collect);
	},
	get env() {
		return new Option('-e, --env <k=v>', 'set an environment variable (repeatable)').argParser(collect);
	},
	get secret() {
		return new Option(
			'--secret <name[=file]>',
			'provide a secret as /run/secrets/NAME, from your variable NAME, a file, or a prompt',
		).argParser(collect);
	},
	get secretEnv() {
		return new Option(
			'--secret-env <name[=file]>',
			'provide a secret as --secret does, and also as an environment variable',
		).argParser(collect);
	},
	get wait() {
		return new Option('--wait', 'queue for the GPUs if others have them');
	},
	get for() {
		return new Option('--for <time>', 'reserve for this long, e.g. 4h; afterwards others may stop it');
	},
	get trust() {
		return new Option('--trust', 'agree to everything gpubox.yaml asks for, as `gpubox trust` shows it (for scripts)');
	},
	get dryRun() {
		return new Option('--dry-run', 'print the docker run command instead of running it');
	},
	get json() {
		return new Option('--json', 'print JSON');
	},
	get wide() {
		return new Option('--wide', 'print all columns in full, however wide the terminal');
	},
	get skipQuestion() {
		return new Option('-y, --yes', 'skip the confirmation');
	},
	get others() {
		return new Option('--others', "allow other users' boxes without a terminal");
	},
};
