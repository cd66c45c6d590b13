/** A real Slurm of one node with two pretend GPUs: its controller, its daemon and munge, as root, without systemd and cgroups. */
import {type ChildProcess, spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {closeSync, openSync} from 'node:fs';
import {chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile} from 'node:fs/promises';
import {hostname, tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {type Result, runToEnd} from '../test-host/person.ts';
import {freePort} from '../test-host/registry.ts';
import {waitUntil} from '../test-host/wait-until.ts';
import {unpackedPackages} from './cache.ts';

const packages = [
	...['slurmctld', 'slurmd', 'slurm-client', 'slurm-wlm-basic-plugins', 'munge', 'libmunge2'],
	...['libhwloc15', 'libjson-c5', 'liblua5.1-0', 'libyaml-0-2', 'libnuma1', 'libdbus-1-3', 'liblz4-1', 'libreadline8'],
];

export type Slurm = {
	/** Goes first on the PATH of jobs. */
	bin: string;
	/** The real srun. */
	srun: string;
	/** What a program needs in its environment to reach it. */
	environment: Record<string, string>;
	run(program: string, words: string[], options: {cwd: string; env?: Record<string, string>}): Promise<Result>;
	stop(): Promise<void>;
};

export async function startSlurm(): Promise<Slurm> {
	const root = await unpackedPackages('slurm', packages);
	const folder = await mkdtemp(join(tmpdir(), 'gpubox-slurm-'));
	await chmod(folder, 0o755);
	const bin = join(folder, 'bin');
	for (const name of ['bin', 'state', 'spool', 'munge', 'run']) {
		await mkdir(join(folder, name), {mode: 0o755});
	}

	// By other names they silently drop every generic resource.
	for (const name of ['slurmctld', 'slurmd']) {
		await symlink(join(root, `usr/sbin/${name}-wlm`), join(folder, 'run', name));
	}

	const step = join(root, 'usr/sbin/slurmstepd-wlm');
	const plugins = join(root, 'usr/lib/x86_64-linux-gnu/slurm-wlm');
	const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((path) => join(root, path));
	const key = join(folder, 'munge/key');
	const socket = join(folder, 'munge/socket');
	await writeFile(key, randomBytes(128), {mode: 0o400});
	const config = join(folder, 'slurm.conf');
	const node = hostname().split('.')[0] ?? 'localhost';
	await writeFile(
		config,
		[
			'ClusterName=gpubox',
			`SlurmctldHost=${node}(127.0.0.1)`,
			`SlurmctldPort=${await freePort()}`,
			`SlurmdPort=${await freePort()}`,
			'SlurmUser=root',
			'AuthType=auth/munge',
			`AuthInfo=socket=${socket}`,
			'CredType=cred/munge',
			`PluginDir=${plugins}`,
			`StateSaveLocation=${join(folder, 'state')}`,
			`SlurmdSpoolDir=${join(folder, 'spool')}`,
			`SlurmctldPidFile=${join(folder, 'run/slurmctld.pid')}`,
			`SlurmdPidFile=${join(folder, 'run/slurmd.pid')}`,
			'ProctrackType=proctrack/pgid',
			'TaskPlugin=task/none',
			'SelectType=select/cons_tres',
			'SelectTypeParameters=CR_Core_Memory',
			'JobAcctGatherType=jobacct_gather/none',
			'AccountingStorageType=accounting_storage/none',
			'MpiDefault=none',
			'SwitchType=switch/none',
			'ReturnToService=2',
			'KillWait=5',
			'GresTypes=gpu',
			`NodeName=${node} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 Gres=gpu:2 State=UNKNOWN`,
			`PartitionName=gpu Nodes=${node} Default=YES MaxTime=INFINITE State=UP`,
			'',
		].join('\n'),
	);
	await writeFile(
		join(folder, 'gres.conf'),
		['/dev/tty1', '/dev/tty2'].map((file) => `Name=gpu File=${file} Flags=nvidia_gpu_env\n`).join(''),
	);
	const environment = {
		PATH: [bin, join(root, 'usr/bin'), process.env.PATH].join(delimiter),
		HOME: folder,
		SLURM_CONF: config,
		LD_LIBRARY_PATH: [...libraries, plugins].join(delimiter),
	};
	const children: ChildProcess[] = [];
	const logs: string[] = [];
	const start = (name: string, program: string, words: string[]) => {
		const log = join(folder, `${name}.log`);
		logs.push(log);
		const output = openSync(log, 'w');
		// When this process is killed, so are they.
		children.push(
			spawn('setpriv', ['--pdeathsig', 'KILL', program, ...words], {
				env: environment,
				stdio: ['ignore', output, output],
			}),
		);
		closeSync(output);
	};

	const run: Slurm['run'] = (program, words, {cwd, env = {}}) =>
		runToEnd(program, words, {cwd, env: {...environment, ...env}, input: ''});
	const stop = async () => {
		for (const child of children.reverse()) {
			const ended = new Promise((resolve) => child.once('close', resolve));
			if (child.exitCode === null && child.signalCode === null) {
				child.kill();
				await Promise.race([ended, sleep(5000, undefined, {ref: false})]);
				child.kill('SIGKILL');
				await ended;
			}
		}

		await endSteps(folder);
		await rm(folder, {recursive: true, force: true});
	};
	try {
		start('munged', join(root, 'usr/sbin/munged'), [
			...['--foreground', '--force', '--key-file', key, '--socket', socket],
			...[
				'--pid-file',
				join(folder, 'munge/pid'),
				'--log-file',
				join(folder, 'munge/log'),
				'--seed-file',
				join(folder, 'munge/seed'),
			],
		]);
		start('slurmctld', join(folder, 'run/slurmctld'), ['-D', '-f', config]);
		start('slurmd', join(folder, 'run/slurmd'), ['-D', '-f', config, '-N', node, '-d', step]);
		await waitUntil('Slurm to have an idle node', async () => {
			const {stdout} = await run('sinfo', ['--noheader', '--format=%T %G'], {cwd: folder});
			return /^idle gpu:2/m.test(stdout);
		});
	} catch (error) {
		const told = await Promise.all(logs.map((log) => readFile(log, 'utf8')));
		await stop();
		throw new Error(`Slurm did not start:\n${told.join('\n')}`, {cause: error});
	}

	return {bin, srun: join(root, 'usr/bin/srun'), environment, run, stop};
}

/** A step outlives slurmd, which can be started again; it is known by its socket in slurmd's folder. */
async function endSteps(folder: string): Promise<void> {
	const sockets = (await readFile('/proc/net/unix', 'utf8'))
		.split('\n')
		.filter((line) => line.includes(` ${join(folder, 'spool')}/`))
		.map((line) => `socket:[${line.trim().split(/\s+/)[6]}]`);
	for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
		const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
		const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
		if (links.some((link) => sockets.includes(link))) {
			process.kill(Number(pid), 'SIGKILL');
		}
	}
}
