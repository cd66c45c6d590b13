import {join} from 'node:path';
import {exitCode, Failure} from '../../base/failure.ts';
import {safeText} from '../../text/safe.ts';
import {slurm as target} from '../export/targets/slurm.ts';
import {logPath} from '../runs/log-file.ts';
import type {Reason} from '../runs/reason.ts';
import {type Answer, type Commands, complaint, here, over} from './commands.ts';
import {readGrowing} from './growing-file.ts';
import {type Ending, NoAnswer, type Place} from './place.ts';
import {stateFromSacct, stateFromScontrol, troubleOfNodes} from './slurm-state.ts';

/** Between two looks at the nodes of a running job, in milliseconds. */
const nodesMs = 10_000;

/** What Slurm prints does not depend on where it runs. */
const environment = {TZ: 'UTC', LC_ALL: 'C', SLURM_TIME_FORMAT: 'standard'};

/**
Slurm, through its own commands.

@param address `ssh://…` of a login node; undefined for this machine
*/
export function slurmAt(address: string | undefined): Place {
	const commands = address === undefined ? here : over(address);
	const ask = async (words: readonly string[], signal?: AbortSignal): Promise<Answer> =>
		commands.run(words, {environment, signal});
	const nodes = {at: 0, trouble: null as string | null};

	return {
		name: 'slurm',
		address: address ?? null,
		// Each question is a connection of its own over ssh.
		pollMs: address === undefined ? 1000 : 2000,
		writesLog: true,
		sendsSignals: true,
		keepsTime: true,
		look: (signal) => look(commands, ask, signal),
		plan: ({job, options}) => target.emit(job, options),
		async submit(submission, signal) {
			const {job, options, name, project, folder} = submission;
			await refuseElsewhere(commands, folder, signal);
			const [{text}] = target.emit(job, options).files;
			const answer = await commands.run(
				['sbatch', '--parsable', `--job-name=${name}`, `--output=${outputOf(folder)}`, '--open-mode=append'],
				{cwd: project, input: text, signal},
			);
			const id = /^(\d+)(?:;.*)?$/m.exec(answer.stdout)?.[1];
			if (answer.code !== 0 || id === undefined) {
				throw new Failure(`Slurm refused the job: ${complaint(answer)}`, {
					fix: 'What the partitions have: sinfo -o "%P %G %l". Account and partition: SBATCH_ACCOUNT, or --queue PARTITION',
					exitCode: exitCode.couldNotStartCommand,
				});
			}

			return id;
		},
		async state(id, signal) {
			const answer = await ask(['scontrol', 'show', 'job', '-d', '-o', id], signal);
			if (answer.code === 0 && answer.stdout.includes('JobState=')) {
				const state = stateFromScontrol(answer.stdout);
				if (state.kind === 'running' && state.where !== null && Date.now() - nodes.at > nodesMs) {
					nodes.at = Date.now();
					const shown = await ask(['scontrol', 'show', 'node', '-o', state.where], signal);
					nodes.trouble = shown.code === 0 ? troubleOfNodes(shown.stdout) : null;
				}

				return state.kind === 'running' ? {...state, trouble: nodes.trouble} : state;
			}

			if (!/Invalid job id/i.test(answer.stderr)) {
				throw new NoAnswer(complaint(answer));
			}

			// The controller forgets a job minutes after its end.
			const kept = await ask(
				['sacct', '-X', '-P', '-n', '-j', id, '-o', 'State,ExitCode,End,NodeList,Timelimit'],
				signal,
			);
			return (
				(kept.code === 0 ? stateFromSacct(kept.stdout) : undefined) ?? {
					kind: 'lost',
					reason: 'Slurm does not know the job any more, and keeps no accounts.',
					fix: 'Its log tells how far it came.',
				}
			);
		},
		async *log(_id, {folder, ...options}) {
			for await (const data of readGrowing(logPath(folder), options)) {
				yield {stream: 'stdout', data};
			}
		},
		async end(id, ending) {
			const answer = await ask([...scancel[ending], id]);
			if (answer.code !== 0 && !/already completing|Invalid job id|finished/i.test(answer.stderr)) {
				throw new NoAnswer(complaint(answer));
			}
		},
		// Slurm itself forgets what has ended.
		cleanUp: async () => {},
		explain,
	};
}

/** Signals go to the job's steps: the batch script itself would end at once, and with it the time that its command has. */
const scancel: Readonly<Record<Ending, readonly string[]>> = {
	cancel: ['scancel'],
	interrupt: ['scancel', '--signal=INT'],
	terminate: ['scancel', '--signal=TERM'],
	end: ['scancel'],
	kill: ['scancel', '--full', '--signal=KILL'],
};

async function look(
	{machine}: Commands,
	ask: (words: readonly string[], signal?: AbortSignal) => Promise<Answer>,
	signal: AbortSignal,
): Promise<string> {
	const missing = (why: string) =>
		new Failure(`No Slurm on ${machine}: ${why}`, {
			fix:
				machine === here.machine
					? 'Run it on a login node of the cluster, or name one: gpubox --host ssh://user@login run --on slurm -- COMMAND'
					: 'Name a login node of the cluster: gpubox --host ssh://user@login run --on slurm -- COMMAND',
			exitCode: exitCode.noEngine,
		});
	try {
		const submitter = await ask(['sbatch', '--version'], signal);
		if (submitter.code !== 0) {
			throw missing(submitter.code === 127 ? 'sbatch is not installed.' : complaint(submitter));
		}

		const [config, partitions] = await Promise.all([
			ask(['scontrol', 'show', 'config'], signal),
			ask(['sinfo', '--noheader', '--format=%P|%G|%a'], signal),
		]);
		if (config.code !== 0 || partitions.code !== 0) {
			throw missing(`its controller does not answer: ${complaint(config.code === 0 ? partitions : config)}`);
		}

		const name = /^ClusterName\s*=\s*(\S+)/m.exec(config.stdout)?.[1] ?? '?';
		return safeText(`Slurm cluster ${name}. ${tellPartitions(partitions.stdout)}`);
	} catch (error) {
		throw error instanceof NoAnswer ? missing(error.message) : error;
	}
}

/** `GPUs: partition gpu (default): gpu:2`, of `sinfo --format=%P|%G|%a`. Pure. */
export function tellPartitions(text: string): string {
	const found = text.split('\n').flatMap((line) => {
		const [partition = '', gres = '', available = ''] = line.trim().split('|');
		const gpus = [...gres.matchAll(/gpu(?::[\w.-]+)*:\d+/g)].map(([each]) => each);
		return available === 'up' && gpus.length > 0 ? [`${partition.replace('*', ' (default)')} ${gpus.join(', ')}`] : [];
	});
	return found.length === 0
		? 'No partition has GPUs.'
		: `GPUs of a node, by partition: ${[...new Set(found)].join('; ')}`;
}

/** The nodes read the project from the same place. */
async function refuseElsewhere(commands: Commands, folder: string, signal: AbortSignal): Promise<void> {
	if (commands === here) {
		return;
	}

	const {code} = await commands.run(['test', '-e', join(folder, '.gitignore')], {signal});
	if (code !== 0) {
		throw new Failure(`${commands.machine} does not see the project: ${folder}`, {
			fix: 'Start it from a folder that is the same on both machines, or log in there and start it there.',
			exitCode: exitCode.couldNotStartCommand,
		});
	}
}

/** `%` begins a placeholder. */
function outputOf(folder: string): string {
	return logPath(folder).replaceAll('%', '%%');
}

function explain(log: string): Reason | undefined {
	if (/unrecognized option '?--(?:no-)?container/.test(log)) {
		return {
			text: 'This cluster has no pyxis.',
			fix: 'Where it has Apptainer: gpubox run --on slurm --with apptainer -- COMMAND',
		};
	}

	if (/apptainer: (?:command )?not found/.test(log)) {
		return {text: 'This cluster has no Apptainer.', fix: 'Where it has pyxis, leave out --with.'};
	}

	const pull = /^.*(?:pyxis: .*(?:import|pull|manifest|403|401|404).*|FATAL:.*(?:docker:\/\/|manifest).*)$/im.exec(
		log,
	)?.[0];
	return pull === undefined
		? undefined
		: {
				text: `The node could not get the image: ${safeText(pull.trim())}`,
				fix: 'To bring it to a registry: gpubox push',
			};
}
