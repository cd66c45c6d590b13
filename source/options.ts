/** Options that several verbs have, each with its text in one place. */
import {Option} from '@commander-js/extra-typings';
import {collect, toPositive, toProcesses} from './verb.ts';

export const shared = {
	image: new Option('--image <ref>', 'use this image instead of the best match for this host'),
	gpus: new Option('--gpus <gpus>', 'request GPUs: auto, none, all, a count, indexes (0,2) or UUIDs'),
	shareGpus: new Option('--share-gpus', 'allow GPUs that others use'),
	memory: new Option('--memory <size>', 'limit memory, e.g. 32g'),
	cpus: new Option('--cpus <n>', 'limit CPUs').argParser(toPositive),
	shmSize: new Option('--shm-size <size>', 'set the size of /dev/shm, e.g. 16g'),
	pidsLimit: new Option('--pids-limit <n>', 'limit processes and threads').argParser(toProcesses),
	mount: new Option('--mount <src:dst[:ro]>', 'mount a folder (repeatable)').argParser(collect),
	env: new Option('--env <k=v>', 'set an environment variable (repeatable)').argParser(collect),
	secret: new Option(
		'--secret <name[=file]>',
		'provide a secret as /run/secrets/NAME, from your variable NAME, a file, or a prompt',
	).argParser(collect),
	secretEnv: new Option(
		'--secret-env <name[=file]>',
		'provide a secret as --secret does, and also as an environment variable',
	).argParser(collect),
	wait: new Option('--wait', 'queue for the GPUs if others have them'),
	for: new Option('--for <time>', 'reserve for this long, e.g. 4h; afterwards others may stop it'),
	trust: new Option('--trust', 'agree to everything gpubox.yaml asks for, as `gpubox trust` shows it (for scripts)'),
	dryRun: new Option('--dry-run', 'print the docker run command instead of running it'),
	json: new Option('--json', 'print JSON'),
	wide: new Option('--wide', 'print all columns in full, however wide the terminal'),
	skipQuestion: new Option('-y, --yes', 'skip the confirmation'),
	others: new Option('--others', "allow other users' boxes without a terminal"),
};
