import assert from 'node:assert/strict';
import {access, constants, cp, mkdtemp, readdir, readFile, rm, symlink} from 'node:fs/promises';
import {basename, join, relative} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {Ajv2020, type AnySchema} from 'ajv/dist/2020.js';
import {
	buildImage,
	buildTorchImage,
	dockerOf,
	makePerson,
	needsOwnEngine,
	openTerminal,
	type Person,
	type Registry,
	type Result,
	startRegistry,
	type Terminal,
	testHost,
} from '../_helpers/test-host/index.ts';
import {runToEnd, secretsOf} from '../_helpers/test-host/person.ts';
import {blocksOf, documents, readDocument, root, toldCommands} from '../docs/_commands.ts';

/*
Every command that the documents, the man page and --help tell is run, as it stands there, by alice at her workstation. `story`
is the table of them in the order in which they are run; a command that it does not have fails the test. What cannot be run here
is in `elsewhere`, with the reason.
*/

const host = testHost();
const docker = dockerOf(host);

/** The image that the documents speak of: here one with Jupyter, sshd and a stand-in for PyTorch. */
const image = 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime';

let alice: Person;
let registry: Registry;
/** A copy of the clone, for commands that write into it. */
let clone: string;

/** What stands in the documents for something of the reader's. */
function ofAlice(command: string): string {
	return command.replaceAll(/(?<![\w/:])\/data\b(?=\/imagenet|:)/g, join(alice.home, 'data'));
}

/** Commands that are run one after the other, or names for one that is typed instead of each. */
type Step = {
	commands: string[];
	as?: string | undefined;
	/** Why it is not run here. */
	why?: string;
	act(command: string): Promise<void>;
};

type RunOptions = {
	/** Below alice's home; the home itself when missing. */
	in?: string;
	/** What to type instead where the document has a placeholder. */
	as?: string;
	code?: number;
	input?: string;
	/** With a personal config of its own, which later commands do not go by. */
	aside?: true;
	/** What a reader has done before. */
	first?: string[];
};

/** What shows that a command did what it is for. Its exit code alone does not. */
type Expectation = {
	out?: RegExp;
	err?: RegExp;
	/** For a command that would go on for ever: it is ended as soon as it has printed this. */
	until?: RegExp;
	check?: (result: Result) => Promise<void> | void;
} & ({out: RegExp} | {err: RegExp} | {until: RegExp} | {check: (result: Result) => Promise<void> | void});

function shell(command: string, {in: folder = '', aside, input = ''}: RunOptions) {
	return alice.run('bash', ['-o', 'pipefail', '-c', command], {
		cwd: join(alice.home, folder),
		env: aside ? {XDG_CONFIG_HOME: join(alice.home, 'aside')} : {},
		input,
	});
}

/** A command whose output shows that it did what it was told for. */
const notebook = JSON.stringify({
	cells: [{cell_type: 'code', source: 'print(1)', metadata: {}, outputs: [], execution_count: null}],
	metadata: {},
	nbformat: 4,
	nbformat_minor: 4,
});

function run(commands: string | string[], options: RunOptions & Expectation): Step {
	return {
		commands: [commands].flat(),
		as: options.as,
		async act(command) {
			for (const before of options.first ?? []) {
				const {code, stderr} = await shell(before, options);
				assert.equal(code, 0, `${before}\n${stderr}`);
			}

			const typed = ofAlice(command);
			if (options.until) {
				await runUntil(typed, options.until, options);
				return;
			}

			const result = await shell(typed, options);
			const told = `$ ${typed}\n${result.stdout}${result.stderr}`;
			assert.equal(result.code, options.code ?? 0, told);
			if (options.out) {
				assert.match(result.stdout, options.out, told);
			}

			if (options.err) {
				assert.match(result.stderr, options.err, told);
			}

			await options.check?.(result);
		},
	};
}

async function runUntil(command: string, wish: RegExp, {in: folder = ''}: RunOptions): Promise<void> {
	const terminal = openTerminal(host, alice, [], {
		program: ['bash', '-c', command],
		cwd: join(alice.home, folder),
		columns: 160,
	});
	await terminal.waitFor(wish);
	terminal.write('\u0003');
	await terminal.exited;
}

/** Of the scanner that stands on the PATH. */
const scanReport = JSON.stringify({
	SchemaVersion: 2,
	Results: [
		{
			Vulnerabilities: [
				{
					VulnerabilityID: 'CVE-2024-6345',
					PkgName: 'setuptools',
					InstalledVersion: '68.0.0',
					FixedVersion: '70.0.0',
					Severity: 'HIGH',
				},
			],
		},
	],
});

/** A command that wants a person at a terminal. */
function type(
	commands: string | string[],
	{in: folder = '', first = [], code = 0}: Pick<RunOptions, 'in' | 'first' | 'code'>,
	hands: (terminal: Terminal) => Promise<void>,
): Step {
	return {
		commands: [commands].flat(),
		async act(command) {
			for (const before of first) {
				const result = await shell(before, {in: folder});
				assert.equal(result.code, 0, result.stderr);
			}

			const terminal = openTerminal(host, alice, [], {
				program: ['bash', '-c', ofAlice(command)],
				cwd: join(alice.home, folder),
			});
			await hands(terminal);
			const {exitCode} = await terminal.exited;
			assert.equal(exitCode, code, terminal.screen());
		},
	};
}

/** A command in a clone of gpubox, which leaves the clone as it is. */
function inClone(commands: string | string[], {as}: {as?: string} = {}): Step {
	return {
		commands: [commands].flat(),
		as,
		async act(command) {
			const before = await contentsOf(clone);
			const {code, stdout, stderr} = await runInClone(command);
			assert.equal(code, 0, `${stdout}${stderr}`);
			const after = await contentsOf(clone);
			for (const [path, text] of after) {
				assert.equal(text, before.get(path), `${command} changes ${path}`);
			}
		},
	};
}

/** A command that cannot be run here, why, and what is looked at instead. */
function elsewhere(commands: string | string[], why: string, act: (command: string) => Promise<void> | void): Step {
	return {commands: [commands].flat(), why, act: async (command) => act(command)};
}

function runInClone(command: string): Promise<Result> {
	const {NODE_TEST_CONTEXT: _, ...environment} = process.env;
	return runToEnd('bash', ['-c', command], {
		cwd: clone,
		env: {
			...environment,
			DOCKER_HOST: host.address,
			HOME: alice.home,
			PATH: [join(root, 'node_modules/.bin'), alice.environment.PATH].join(':'),
			npm_config_prefix: join(alice.home, 'global'),
			npm_config_cache: join(alice.home, 'npm-cache'),
			npm_config_offline: 'true',
		},
		input: '',
	});
}

const ready = (box: string) => new RegExp(`^${box} is ready\\.`);
const token = /\bhttp:\/\/127\.0\.0\.1:\d+\/\S*token=[\w-]+/;
const readJson = <T>({stdout}: Result) => JSON.parse(stdout) as T;
const containerId = async (box: string) => (await docker.getContainer(`gpubox-${box}`).inspect()).Id;
const labelOf = async (box: string, label: string) =>
	(await docker.getContainer(`gpubox-${box}`).inspect()).Config.Labels[`gpubox.${label}`] ?? '';
const story: Step[] = [
	// The one file of the readme: a script in its place here, the real one in test/e2e/first-morning.test.ts.
	run('install -D -m 755 gpubox-linux-x64 ~/.local/bin/gpubox', {
		first: ['test ! -e ~/.local/bin/gpubox'],
		check: () => access(join(alice.home, '.local/bin/gpubox'), constants.X_OK),
	}),
	run('export PATH=~/.local/bin:$PATH', {
		as: 'PATH=/usr/bin:/bin; export PATH=~/.local/bin:$PATH; command -v gpubox',
		out: /\.local\/bin\/gpubox$/m,
	}),

	// The machine.
	run('gpubox doctor', {out: /^✓ GPU in a container {2}8 of 8 seen/m}),
	run('gpubox doctor --fix', {out: /[Aa]utomatic fixes/}),
	run('gpubox doctor --json', {out: /"id": "container-gpu"/}),
	run('nvidia-smi -L', {out: /^GPU 0: NVIDIA RTX A6000/}),
	run('nvidia-smi topo -m', {out: /GPU7/}),
	run('nvidia-smi --query-gpu=… -lms 1000', {
		as: 'nvidia-smi --query-gpu=index,name --format=csv -lms 1000',
		until: /NVIDIA RTX A6000/,
	}),
	run('gpubox gpus', {out: /NVIDIA RTX A6000/}),
	run('gpubox gpus --watch', {until: /NVIDIA RTX A6000/}),
	run('gpubox record gpus.jsonl --for 10m', {
		as: 'gpubox record gpus.jsonl --for 10s',
		out: /^Recorded \S+ of \d+ GPUs? and \d+ process(es)? to gpus\.jsonl \(.*\)\.$/m,
	}),
	run('gpubox record', {as: 'gpubox record gpus.jsonl', code: 1, err: /gpus\.jsonl exists already/}),
	run('gpubox record --json', {as: 'gpubox record again.jsonl --for 10s --json', out: /"end": "done"/}),
	type('gpubox demo --replay gpus.jsonl', {}, leaveAt(/RTX A6000[\s\S]*REPLAY|REPLAY[\s\S]*RTX A6000/)),
	run('gpubox demo --replay', {as: 'gpubox demo --replay gpus.jsonl | cat', out: /RTX A6000/}),
	run('gpubox config hosts local,gpu2,alice@gpu3', {
		aside: true,
		check: () => assertSetting('hosts', 'local,gpu2,alice@gpu3'),
	}),
	run('gpubox hosts', {
		as: 'gpubox config hosts local && gpubox hosts && gpubox config --unset hosts',
		out: /^local +8 × NVIDIA RTX A6000 +\d/m,
	}),
	run('gpubox hosts gpu2 alice@gpu3', {
		as: 'gpubox hosts local alice@gpu3.invalid',
		out: /^alice@gpu3\.invalid: no host has the name gpu3\.invalid$/m,
	}),
	run('gpubox hosts gpu2', {as: 'gpubox hosts local', out: /^local +8 × NVIDIA RTX A6000 +\d/m}),
	run('gpubox hosts --json', {as: 'gpubox hosts local --json', out: /"reachable": true/}),
	run('gpubox --host gpu2 ls', {as: 'gpubox --host local ls', out: /NAME|No boxes/}),
	run('gpubox images', {out: new RegExp(image)}),
	run('gpubox images --all', {out: /nvcr\.io/}),
	run('gpubox images pytorch 2.8', {out: /^pytorch\/pytorch:2\.8/m}),
	run('gpubox images --json', {out: /"recommended": true/}),
	run(['gpubox pull REF', `gpubox pull ${image}`], {as: `gpubox pull ${image}`, out: new RegExp(`^${image}$`, 'm')}),
	run('gpubox pull --json', {as: `gpubox pull ${image} --json`, out: /"receivedBytes": \d/}),
	run(['docker run', 'docker run --rm'], {as: `docker run --rm ${image} echo it runs`, out: /^it runs$/m}),

	// The tour of the readme.
	run('cd my-project', {as: 'cd my-project && pwd', out: /my-project$/m}),
	run('gpubox up --jupyter', {in: 'my-project', out: ready('alice-my-project')}),
	run('gpubox up', {in: 'my-project', out: token}),
	type('gpubox', {in: 'my-project'}, async (terminal) => {
		await terminal.waitFor('alice-my-project');
		terminal.write('q');
	}),
	run('gpubox ls', {out: /alice-my-project/}),
	run('gpubox logs -f alice-my-project', {until: /Jupyter \w+ [\d.]+ is running at/}),
	run('gpubox open alice-my-project', {out: token}),
	run('docker top', {as: 'docker top gpubox-alice-my-project', out: /jupyter/}),
	run('docker inspect', {
		as: 'docker inspect gpubox-alice-my-project',
		async check({stdout}) {
			const address = await shell('gpubox open --print alice-my-project', {});
			const [, secret = ''] = /token=([\w-]+)/.exec(address.stdout) ?? [];
			assert.ok(secret.length > 8 && !stdout.includes(secret));
		},
	}),
	run('docker export', {
		as: 'docker export gpubox-alice-my-project | tar -tf -',
		check: ({stdout}) => assert.ok(/^workspace\/$/m.test(stdout) && !stdout.includes('jupyter-runtime/')),
	}),
	run('docker commit', {
		as: 'docker commit gpubox-alice-my-project kept-by-alice && docker run --rm kept-by-alice ls -A /dev/shm; docker rmi --force kept-by-alice',
		check: ({stdout}) => assert.ok(!stdout.includes('jupyter-runtime')),
	}),
	run('gpubox --licenses', {out: /^ink [\d.]+ \(MIT\)$/m}),
	run('gpubox --version', {out: /^\d+\.\d+\.\d+\ncommit .+\nbuild [0-9a-f]{12}$/m}),
	run('gpubox check alice-my-project', {out: /PyTorch can use every GPU/}),
	run('gpubox check', {in: 'my-project', out: /^box alice-my-project: PyTorch/}),
	run(['gpubox convert train.ipynb', 'gpubox convert train.ipynb -o train.py'], {
		as: `printf '%s' '${notebook}' > train.ipynb && gpubox convert train.ipynb && gpubox convert train.ipynb --force -o train.py && rm train.ipynb`,
		in: 'my-project',
		check: () => assertFile('my-project/train.py', /^print\(1\)$/m),
	}),
	run('gpubox check --print > check.py', {
		in: 'my-project',
		check: () => assertFile('my-project/check.py', /^sys\.exit\(main\(\)\)$/m),
	}),
	run('gpubox lock', {in: 'my-project', out: /^gpubox\.lock is written: .* Python 3\.\d/}),
	run('gpubox verify', {in: 'my-project', out: /^Nothing differs\.$/m}),
	run('gpubox verify --remote', {in: 'my-project', out: /^gpubox\.lock was compared with gpubox\.yaml, box/m}),
	run('gpubox verify --allow packages', {in: 'my-project', out: /^Nothing differs\.$/m}),
	run('gpubox verify alice-train', {as: 'gpubox verify alice-my-project', out: /^Nothing differs\.$/m}),
	run(['gpubox push', 'gpubox push -- python train.py', 'gpubox push --tag v3 -- python train.py'], {
		in: 'my-project',
		as: 'gpubox push --registry "$(cat ~/registry)/team" --tag v3 -- python train.py',
		out: /^\S+\/team\/my-project@sha256:[0-9a-f]{64}$/m,
	}),
	run(['gpubox verify --image registry.example/team/vision:4b825dc642cb', 'gpubox verify --image REF'], {
		in: 'my-project',
		as: 'gpubox verify --image "$(cat ~/registry)/team/my-project:v3"',
		out: /^Nothing differs\.$/m,
	}),
	run('gpubox push --json', {
		in: 'my-project',
		as: 'gpubox push --json --registry "$(cat ~/registry)/team" --tag v3 -- python train.py',
		out: /"digest": "sha256:/,
	}),
	run('gpubox refresh', {
		in: 'scratch/upkeep',
		first: [`printf 'image: %s/${image}\\ngpus: none\\n' "$(cat ~/registry)" > gpubox.yaml`, 'gpubox lock'],
		out: /is up to date: its registry has what gpubox\.lock names\.$/m,
	}),
	run(['gpubox refresh --dry-run', 'gpubox refresh --yes'], {in: 'scratch/upkeep', out: /is up to date/}),
	run('gpubox refresh --back', {in: 'scratch/upkeep', code: 2, err: /does not say what was locked before/}),
	run('gpubox refresh --json', {in: 'scratch/upkeep', out: /"outcome": "up-to-date"/}),
	run('gpubox disk', {out: /^gpubox\/box:pytorch-\S+ +[\d.]+ .*alice-my-project of alice/m}),
	// Layers that other tests use may be among them.
	run('gpubox disk --prune', {
		as: 'gpubox disk --prune || test $? = 1',
		check: ({stdout, stderr}) => assert.match(stdout + stderr, /^(?:gpubox: )?Nothing (?:to remove|was removed)/m),
	}),
	run('gpubox disk --json', {out: /"prunable": \[/}),
	run(['gpubox scan', 'gpubox scan --fresh --all'], {
		in: 'my-project',
		out: /^high +CVE-2024-6345 +setuptools +68\.0\.0 +70\.0\.0 +base$[\s\S]*by trivy, [\w ]+: 1 high\.$/m,
	}),
	run('gpubox scan alice-train --fail-on high', {
		as: 'gpubox scan alice-my-project --fail-on high',
		code: 8,
		err: /^1 of them are high or worse/m,
	}),
	run('gpubox scan --sbom added.cdx.json', {
		in: 'my-project',
		err: /^Wrote added\.cdx\.json: \d+ packages that gpubox put on pytorch\//m,
		check: () => assertFile('my-project/added.cdx.json', /"bomFormat": "CycloneDX"/),
	}),
	run('gpubox scan --json', {in: 'my-project', out: /"counts": \{/}),
	run('gpubox verify --json', {in: 'my-project', out: /"differences": \[\]/}),
	run('gpubox lock --json', {in: 'my-project', out: /"changed": false/}),
	run('gpubox lock --upgrade', {
		as: 'gpubox lock --upgrade && rm gpubox.lock check.py',
		in: 'my-project',
		out: /^gpubox\.lock is /,
	}),
	run('gpubox up --dry-run', {in: 'my-project', out: /^docker run /}),
	run('gpubox up --exact', {in: 'my-project', out: ready('alice-my-project')}),
	run('gpubox logs', {in: 'my-project', err: /Jupyter \w+ [\d.]+ is running at/}),
	run('gpubox config theme high-contrast', {aside: true, check: () => assertSetting('theme', 'high-contrast')}),
	run('gpubox config glyphs ascii', {aside: true, check: () => assertSetting('glyphs', 'ascii')}),
	run('gpubox config mouse on', {aside: true, check: () => assertSetting('mouse', 'on')}),
	run('gpubox config keys.restart K', {aside: true, check: () => assertSetting('keys.restart', 'K')}),
	run('gpubox config events.alert notification', {
		aside: true,
		check: () => assertSetting('events.alert', 'notification'),
	}),
	run(`gpubox config events.command 'notify-send "$GPUBOX_EVENT_TEXT"'`, {
		aside: true,
		check: () => assertSetting('events.command', 'notify-send "$GPUBOX_EVENT_TEXT"'),
	}),
	run('gpubox config limits.memory 64g', {aside: true, check: () => assertSetting('limits.memory', '64g')}),
	run('gpubox config limits.memory', {aside: true, out: /^64g$/m}),
	run('gpubox config', {aside: true, out: /^limits\.memory +64g/m}),
	run('gpubox config --unset limits.memory', {
		aside: true,
		async check() {
			assert.equal((await shell('gpubox config limits.memory', {aside: true})).stdout, '\n');
		},
	}),
	run('gpubox up --wait', {in: 'my-project', out: ready('alice-my-project')}),
	run('ssh alice-my-project', {
		in: 'my-project',
		first: ['gpubox up --jupyter --ssh --recreate'],
		input: 'pwd\n',
		out: /^\/workspace$/m,
	}),
	run('ssh BOX', {as: 'ssh alice-my-project -- pwd', out: /^\/home\/alice$|^\/workspace$/m}),
	run('gpubox --host NAME ls', {
		first: ['docker context create lab --docker "host=$DOCKER_HOST"'],
		as: 'unset DOCKER_HOST; gpubox --host lab ls',
		out: /alice-my-project/,
	}),
	// The same over ssh: the box is a machine with an sshd, and gets Docker's command and the engine's socket.
	run('gpubox --host NAME ls', {
		in: 'share/machine',
		first: [
			'gpubox up --ssh --trust --mount "$(command -v docker):/usr/local/bin/docker:ro" --mount "$(echo "$DOCKER_HOST" | sed s,unix://,,):/run/docker.sock"',
		],
		as: 'gpubox --host ssh://alice@alice-machine ls && gpubox rm alice-machine',
		out: /alice-my-project[\s\S]*alice-machine/,
	}),
	type('gpubox --read-only', {}, leaveAt(/q quit/)),
	type('gpubox demo', {}, leaveAt(/alice-llm-train[\s\S]*DEMO|DEMO[\s\S]*alice-llm-train/)),
	type('gpubox demo --scenario mixed-cards', {}, leaveAt(/4 GPUs[\s\S]*RTX 4090|DEMO/)),
	type('gpubox demo --scenario ./our-host.json', {in: 'scratch'}, leaveAt(/erik-finetune/)),

	// Scripts.
	run(`gpubox up --json | jq -r '.jupyter.url + "?token=" + .jupyter.token'`, {in: 'my-project', out: token}),
	run(`gpubox ls --json | jq -r '.boxes[] | select(.mine) | .name'`, {out: /^alice-my-project$/m}),
	run("gpubox gpus --json --watch | jq -c '[.gpus[].utilization]'", {until: /^\[0,0,0,0,0,0,0,0\]$/m}),
	run('gpubox gpus --json', {out: /"box": null|"claimedBy": \[\s*"alice-my-project"/}),
	run('gpubox ls --json', {check: (result) => assert.ok(readJson<{boxes: unknown[]}>(result).boxes.length > 0)}),
	run('gpubox up --json', {in: 'my-project', out: /"token": "[\w-]+"/}),
	run('gpubox check --json', {in: 'my-project', out: /"passed": true/}),
	run('gpubox config --show-origin --json', {in: 'my-project', out: /"place": "default"/}),
	run('GPUBOX_DEBUG=1 gpubox …', {as: 'GPUBOX_DEBUG=1 gpubox start nobodys-box', code: 6, err: /^ +at /m}),

	// A team's project, and who joins it.
	run('gpubox init --use training --gpus 2 --data /data/imagenet --no-start', {
		in: 'asked/training',
		check: () => assertFile('asked/training/gpubox.yaml', /^gpus: 2$[\s\S]*imagenet:\/data:ro/m),
	}),
	run('gpubox init --use notebook --gpus 1 --data /data/imagenet', {
		in: 'asked/notebook',
		check: () => assertFile('asked/notebook/gpubox.yaml', /^gpus: 1$/m),
	}),
	type('gpubox init', {in: 'asked/by-hand'}, async (terminal) => {
		const answers = ['1, 2 or 3?', 'How many GPUs?', 'Where is the data?', 'Write it?'];
		for (const question of answers) {
			await terminal.waitFor(question);
			terminal.write('\r');
		}

		await terminal.waitFor('Start the box now?');
		terminal.write('n\r');
		await terminal.waitFor('gpubox stop alice-by-hand');
	}),
	run('git clone git@example.com:team/vision.git && cd vision', {
		check: () => assertFile('vision/gpubox.yaml', /^image:/),
	}),
	run('gpubox up', {in: 'vision', out: ready('alice-vision'), check: async () => remember('alice-vision')}),
	run('gpubox config --show-origin', {in: 'vision', out: new RegExp(`^image +${image} +gpubox.yaml:1$`, 'm')}),
	run('gpubox open alice-vision', {out: token}),
	type('gpubox attach alice-vision', {}, lookAround),
	run('gpubox up --recreate', {
		in: 'vision',
		out: ready('alice-vision'),
		check: async () => assert.ok(!remembered.has(await containerId('alice-vision')), 'it is a new one'),
	}),
	run('gpubox stop alice-vision', {check: () => assertState('alice-vision', 'exited')}),
	type('gpubox trust', {in: 'scratch/asks'}, async (terminal) => {
		await terminal.waitFor(
			/postCreate +touch made {2}\(runs in the box, as you\)[\s\S]*Do you trust it with this\? \[y\/N\]/,
		);
		terminal.write('y\r');
		await terminal.waitFor(/Saved for \S+asks, for exactly these settings/);
	}),
	run('gpubox trust --json', {in: 'scratch/asks', out: /"agreed": true/}),
	run('gpubox trust --forget', {in: 'scratch/asks', out: /is no longer trusted/}),
	run('gpubox trust --yes', {in: 'scratch/asks', out: /Saved for/}),
	run('gpubox up --trust', {
		in: 'scratch/asks',
		out: ready('alice-asks'),
		check: () => assertFile('scratch/asks/made', /^$/),
	}),
	run('gpubox config build.pipIndexUrl https://pypi.example/simple', {
		aside: true,
		check: () => assertSetting('build.pipIndexUrl', 'https://pypi.example/simple'),
	}),
	run('gpubox config services jupyter,ssh', {aside: true, check: () => assertSetting('services', 'jupyter,ssh')}),
	run('gpubox config env.EDITOR vim', {
		aside: true,
		async check() {
			const {stdout} = await shell('gpubox config --json', {aside: true});
			const {build, services, env} = JSON.parse(stdout) as Record<string, unknown>;
			assert.deepEqual(
				{build, services, env},
				{
					build: {pipIndexUrl: 'https://pypi.example/simple'},
					services: ['jupyter', 'ssh'],
					env: {EDITOR: 'vim'},
				},
			);
		},
	}),

	run(['gpubox config --schema', 'gpubox config --schema > .gpubox.schema.json'], {
		in: 'vision',
		as: 'gpubox config --schema > .gpubox.schema.json',
		async check() {
			const schema = JSON.parse(await readFile(join(alice.home, 'vision/.gpubox.schema.json'), 'utf8')) as AnySchema;
			assert.ok(new Ajv2020({strict: true, allowUnionTypes: true}).validate(schema, {image: 'a', $schema: 'b'}));
		},
	}),

	// SSH.
	run('gpubox up --ssh', {in: 'train', out: /^ {2}SSH {7}ssh alice-train /m}),
	run('ssh alice-train', {input: 'pwd\n', out: /^\/workspace$/m}),
	run('ssh -A', {as: 'ssh -A alice-train pwd', out: /^\/workspace$/m}),
	run('gpubox ssh alice-train -- python train.py', {out: /^trained$/m}),
	run('gpubox ssh alice-train -- nvidia-smi', {out: /NVIDIA RTX A6000/}),
	run('gpubox ssh BOX', {as: 'gpubox ssh alice-train', input: 'pwd\n', out: /^\/workspace$/m}),
	run("gpubox ssh BOX -- 'cd data && ls'", {as: "gpubox ssh alice-train -- 'cd data && ls'", out: /^numbers$/m}),
	run('gpubox config ssh.keys', {aside: true, out: /^\n$/}),
	run('gpubox attach alice-train -- nvidia-smi', {out: /NVIDIA RTX A6000/}),
	run('gpubox attach BOX -- CMD', {as: 'gpubox attach alice-train -- pwd', out: /^\/workspace$/m}),
	run('gpubox attach', {as: 'gpubox attach alice-train -- id -un', out: /^alice$/m}),
	run(['gpubox stop', 'gpubox stop NAME', 'gpubox stop alice-train'], {
		as: 'gpubox stop alice-train',
		check: () => assertState('alice-train', 'exited'),
	}),
	run(['gpubox start', 'gpubox start alice-train'], {
		as: 'gpubox start alice-train',
		check: () => assertState('alice-train', 'running'),
	}),
	run('gpubox restart alice-train', {
		as: 'gpubox restart alice-train',
		check: () => assertState('alice-train', 'running'),
	}),
	run('gpubox open alice-train', {in: 'train', first: ['gpubox up --recreate --jupyter --ssh'], out: token}),
	run('gpubox logs -f --tail 100 alice-train', {until: /Jupyter \w+ [\d.]+ is running at/}),
	run('gpubox check alice-train', {out: /PyTorch can use every GPU/}),
	run('gpubox attach BOX', {as: 'gpubox attach alice-train', input: 'pwd\n', out: /^\/workspace$/m}),
	run('gpubox logs --json', {as: 'gpubox logs alice-train --json', out: /^\{"stream":"std/m}),
	run('gpubox open --json', {as: 'gpubox open alice-train --json', out: /"tunnel": null/}),
	run('gpubox stop --json', {
		in: 'train',
		first: [`gpubox up --no-wait --image ${image} --gpus none --name alice-acted`],
		as: 'gpubox stop alice-acted --json --yes',
		out: /"name": "alice-acted"/,
	}),
	run('gpubox start --json', {as: 'gpubox start alice-acted --json', out: /"name": "alice-acted"/}),
	run('gpubox restart --json', {as: 'gpubox restart alice-acted --json --yes', out: /"name": "alice-acted"/}),
	run('gpubox rm --json', {as: 'gpubox rm alice-acted --json --yes', out: /"name": "alice-acted"/}),
	run('gpubox convert --json', {
		as: `printf '%s' '${notebook}' > told.ipynb && gpubox convert told.ipynb --json && rm told.ipynb`,
		out: /"dropped": \[/,
	}),
	run('gpubox init --json', {
		in: 'scratch',
		as: 'mkdir told && cd told && gpubox init --yes --json',
		out: /"box": "alice-told"/,
	}),
	run('gpubox kernels --json', {as: 'gpubox kernels alice-train --json', out: /"kernels": \[/}),
	run('gpubox kernels alice-train', {out: /^No kernels are running in alice-train\.$/m}),
	run('gpubox kernels alice-train --stop idle', {out: /^$/}),
	run('gpubox rm alice-train', {check: assertGone}),

	// Jobs. The numbers of the runs count up.
	run(['gpubox run -- python train.py --lr 3e-4', 'gpubox run -- python train.py'], {in: 'train', out: /^trained$/m}),
	run('gpubox run -- train.py', {in: 'train', out: /^trained$/m}),
	run('gpubox run -- train.ipynb -p lr=3e-4', {
		as: `printf '%s' '${notebook}' > train.ipynb && gpubox run --name notebook -- train.ipynb -p lr=3e-4 && rm train.ipynb`,
		in: 'train',
		check: ({stdout}) => {
			assert.match(stdout, /^1$/m);
			return assertFile('train/runs/notebook-1/notebook.ipynb', /"lr = 0\.0003"/);
		},
	}),
	run(['gpubox run --detach --wait -- python train.py', 'gpubox run --detach --wait -- train.py'], {
		in: 'train',
		out: /^alice-train-\d+$/m,
	}),
	run('gpubox run --gpus 2 --nproc auto -- python train.py', {
		in: 'train',
		as: 'gpubox run --dry-run --gpus 2 --nproc auto -- python train.py',
		out: /torchrun --standalone --nnodes=1 --nproc_per_node=2 train\.py/,
	}),
	run('gpubox run --locked -- python train.py', {
		in: 'train',
		as: 'gpubox lock && gpubox run --name locked --locked -- python train.py && rm gpubox.lock',
		out: /^trained$/m,
	}),
	run(['gpubox run --check -- python train.py', 'gpubox run --check'], {
		in: 'train',
		as: 'gpubox run --name checked --check -- python train.py',
		out: /^trained$/m,
		err: /^ok {3}GPU 0/m,
	}),
	run('gpubox run --on gpu2 -- python train.py', {
		in: 'train',
		as: 'gpubox run --on local -- python train.py',
		out: /^trained$/m,
	}),
	run('gpubox run --on any --gpus 2 --nproc auto -- python train.py', {
		in: 'train',
		as: 'gpubox config hosts local && gpubox run --on any --yes --dry-run --gpus 2 --nproc auto -- python train.py && gpubox config --unset hosts',
		out: /torchrun --standalone --nnodes=1 --nproc_per_node=2 train\.py/,
		err: /^local fits /m,
	}),
	run('gpubox wait alice-train-3', {out: /^$/}),
	run('gpubox runs', {out: /^alice-train-3 +done +0 /m}),
	run(['gpubox runs show 3', 'gpubox runs show'], {
		as: 'gpubox runs show 3',
		in: 'train',
		out: /^ {2}Exit code +0$/m,
	}),
	run('gpubox logs alice-train-3', {out: /^trained$/m}),
	run('gpubox run', {in: 'train', as: 'gpubox run -- python train.py', out: /^trained$/m}),
	run('gpubox run --json', {in: 'train', as: 'gpubox run --json -- true', out: /"exitCode": 0,/}),
	run('gpubox runs --json', {out: /"name": "alice-train-3"/}),
	run('gpubox wait --json', {as: 'gpubox wait --json alice-train-3', out: /"state": "done"/}),
	run('gpubox runs show NAME --json', {as: 'gpubox runs show alice-train-3 --json', out: /"gpuHours"/}),
	run(['gpubox stop NAME-N', 'gpubox wait'], {
		as: 'gpubox stop alice-train-3',
		err: /has ended and its container is gone/,
	}),
	run(`gpubox config notify 'notify-send "$GPUBOX_RUN_NAME ended with $GPUBOX_RUN_EXIT_CODE"'`, {
		aside: true,
		check: () => assertSetting('notify', 'notify-send "$GPUBOX_RUN_NAME ended with $GPUBOX_RUN_EXIT_CODE"'),
	}),

	// Sharing.
	run('gpubox up --gpus 2', {in: 'share/two', check: async () => assertGpus('alice-two', /^GPU-\S+,GPU-\S+$/)}),
	run('gpubox rm', {as: 'gpubox rm alice-two alice-vision alice-my-project', check: assertGone}),
	run('gpubox up --gpus 0,2', {
		in: 'share/certain',
		check: async () => assertGpus('alice-certain', gpusAt(0, 2)),
	}),
	run('gpubox up --gpus 1 --wait', {in: 'share/one', out: ready('alice-one')}),
	run('gpubox up --gpus 1 --for 4h', {in: 'share/until', check: () => assertEnds('alice-until')}),
	run(['gpubox extend alice-train 4h', 'gpubox extend'], {
		as: 'gpubox extend alice-until 4h',
		out: /^alice-until is reserved until .* \((7h|8h)/m,
	}),
	run('gpubox extend --json', {
		as: 'gpubox extend alice-until 4h --json',
		out: /"until": "2/,
	}),
	run(['gpubox ask bob-train "Do you still need GPU 3?"', 'gpubox ask', 'gpubox ask --json'], {
		as: 'gpubox ask alice-until "Do you still need GPU 3?"',
		code: 2,
		err: /alice-until is your own box/,
	}),
	run('gpubox up --for 4h', {in: 'share/until-too', check: () => assertEnds('alice-until-too')}),
	run('gpubox stop --idle 6h', {out: /^$/}),
	run('gpubox config idle.warnAfter 2h', {aside: true, check: () => assertSetting('idle.warnAfter', '2h')}),
	run('gpubox config idle.stopAfter 12h', {aside: true, check: () => assertSetting('idle.stopAfter', '12h')}),
	run('gpubox reap', {out: /^$/}),
	run('gpubox reap --json', {out: /"boxes": \[/}),
	run('gpubox reap --install', {out: /gpubox reap runs every five minutes|crontab/}),
	run('gpubox reap --uninstall', {out: /Removed the timer|No gpubox timer is installed/}),
	run('gpubox up --jupyter --gpus 2 --mount /data:/data:ro', {
		in: 'share/mounted',
		async check() {
			const {stdout} = await shell('gpubox attach alice-mounted -- ls /data', {});
			assert.equal(stdout, 'imagenet\n');
		},
	}),

	// Other places. test/e2e/export*.test.ts and test/job/export run what is written here.
	run(['gpubox export compose', 'gpubox export'], {
		in: 'vision',
		as: 'gpubox export compose',
		out: /^services:\n {2}box:$/m,
	}),
	run('gpubox export --json', {in: 'vision', as: 'gpubox export compose --json', out: /"path": "compose\.yaml"/}),
	run(['gpubox export compose -o . -- python train.py', 'gpubox export devcontainer -o .'], {
		in: 'export',
		out: /^Wrote \S+\/export\/(?:compose\.yaml|\.devcontainer\/devcontainer\.json)$/m,
	}),
	run(
		[
			'gpubox export github-actions -o . --artifacts runs -- python train.py',
			'gpubox export gitlab-ci -o . --artifacts runs -- python train.py',
			"gpubox export jenkins -o . --artifacts 'runs/**' -- python train.py",
		],
		{in: 'export', out: /^Wrote \S+\/export\/(?:\.github\/workflows\/gpubox\.yml|\.gitlab-ci\.yml|Jenkinsfile)$/m},
	),
	run('gpubox export dockerfile -o . -- python train.py', {
		in: 'export',
		out: /^Wrote \S+\/export\/\.dockerignore$/m,
	}),
	run('gpubox export slurm -o . --gpus 2 --nproc auto --timeout 12h -- python train.py', {
		in: 'export',
		check: () => assertFile('export/job.sbatch', /^#SBATCH --gres=gpu:2\n[\s\S]*^#SBATCH --time=0-12:00:00$/m),
	}),
	run('gpubox export slurm --gpus 2 --nproc auto --timeout 12h -- python train.py', {
		in: 'export',
		out: /torchrun --standalone --nnodes=1 --nproc_per_node=2 train\.py$/m,
	}),
	run('gpubox run --on slurm --gpus 2 --timeout 8h -- python train.py', {
		in: 'export',
		as: 'gpubox run --on slurm --gpus 2 --timeout 8h --dry-run -- python train.py',
		out: /^#SBATCH --gres=gpu:2\n[\s\S]*^#SBATCH --time=0-08:00:00$/m,
	}),
	run('gpubox run --on swarm --gpus 1 --built registry.example/team/vision:1 -- python train.py', {
		in: 'export',
		code: 3,
		err: /^gpubox: The engine at \S+ is not in a swarm\.$/m,
	}),
	run('gpubox run --on kubernetes --gpus 2 --built registry.example/team/vision:1 -- python train.py', {
		in: 'export',
		as: 'gpubox run --on kubernetes --gpus 2 --built registry.example/team/vision:1 --dry-run -- python train.py',
		out: /^kind: Job\n[\s\S]*^ +nvidia\.com\/gpu: "2"$/m,
	}),
	run('gpubox run --on', {
		in: 'export',
		as: 'gpubox run --on slurm -- true',
		code: 3,
		err: /^gpubox: No Slurm on this machine: sbatch is not installed\.$/m,
	}),
	run('gpubox export kubernetes -o . --gpus 2 --nproc auto --built registry.example/team/vision:1 -- python train.py', {
		in: 'export',
		check: () => assertFile('export/kubernetes.yaml', /^ +nvidia\.com\/gpu: "2"$/m),
	}),
	run('gpubox export swarm -o . --gpus 1 --built registry.example/team/vision:1 -- python train.py', {
		in: 'export',
		check: () => assertFile('export/stack.yaml', /^ +mode: replicated-job$/m),
	}),
	elsewhere('docker stack deploy', 'a swarm of several nodes', parses),

	// Secrets.
	run('gpubox up --secret HF_TOKEN', {
		first: ['gpubox rm alice-certain alice-one alice-until alice-until-too alice-mounted'],
		in: 'secret/variable',
		check: () => assertSecret('alice-variable', 'HF_TOKEN', 'of-the-variable'),
	}),
	run('gpubox up --secret HF_TOKEN=~/.hf-token', {
		in: 'secret/file',
		check: () => assertSecret('alice-file', 'HF_TOKEN', 'of-the-file'),
	}),
	run('gpubox up --secret-env WANDB_API_KEY', {
		in: 'secret/env',
		check: () => assertSecret('alice-env', 'WANDB_API_KEY', 'of-wandb'),
	}),

	// Completion.
	run('source <(gpubox completion bash)', {
		as: 'source <(gpubox completion bash) && complete -p gpubox',
		out: /gpubox$/m,
	}),
	run("echo 'source <(gpubox completion bash)' >> ~/.bashrc", {
		async check() {
			const {stdout, stderr} = await shell('source ~/.bashrc && complete -p gpubox', {});
			assert.match(stdout, /gpubox$/m, stderr);
		},
	}),
	run("echo 'source <(gpubox completion zsh)' >> ~/.zshrc", {check: () => assertFile('.zshrc', /completion zsh/)}),
	run('mkdir -p ~/.config/fish/completions && gpubox completion fish > ~/.config/fish/completions/gpubox.fish', {
		check: () => assertFile('.config/fish/completions/gpubox.fish', /complete -c gpubox/),
	}),
];

/** What is told to who works on gpubox itself, and what can be run nowhere. */
const workshop: Step[] = [
	inClone('npm run build'),
	elsewhere('node tools/build.mjs --meta', 'test/tools/notices.test.ts runs it', async () => {
		assert.match(await readFile(join(root, 'test/tools/notices.test.ts'), 'utf8'), /'--meta'/);
	}),
	inClone('npm run schema'),
	elsewhere('npm run format', 'it writes what npm run lint asks for', async () => {
		const {scripts} = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
			scripts: Record<'format' | 'lint', string>;
		};
		assert.equal(scripts.format, scripts.lint.replace('--error-on-warnings', '--write'));
	}),
	elsewhere(
		['npm run lint', 'npm run types', 'npm run unused', 'npm run catalog:check'],
		'npm test runs each before these tests',
		async (command) => {
			const tests = await readFile(join(root, 'test/run.ts'), 'utf8');
			assert.ok(tests.includes(`quietly('npm', ['run', '--silent', '${command.split(' ').at(-1)}'])`));
		},
	),
	inClone(['npm run picture', 'npm run man', 'npm run troubleshooting', 'npm run carry-over']),
	inClone(['npm run sbom', 'npm run audit']),
	elsewhere(
		['npm run reproducible', 'npm run reproducible -- --executable'],
		'half a minute; test/tools/release.test.ts runs it',
		async () => {
			const tests = await readFile(join(root, 'test/tools/release.test.ts'), 'utf8');
			assert.match(tests, /tools\/reproducible\.ts/);
		},
	),
	inClone('npx tsx --test test/gpu/parse.test.ts'),
	inClone('npm test -- --unit', {as: 'npm test -- --unit --only gpu/parse'}),
	inClone(['npm ci', 'npm start', 'npm ci && npm start'], {as: 'npm ci --dry-run && npm start'}),
	// It is installed from what would be published, not from a registry.
	inClone('npm install -g gpubox', {
		as: 'npm install -g "$(npm pack --silent --pack-destination "$HOME" | sed "s,^,$HOME/,")" && "$HOME/global/bin/gpubox" --version',
	}),
	elsewhere(
		['gpubox up --ssh --image some/image --secret ROOT_PASSWORD', 'gpubox up --secret ROOT_PASSWORD'],
		'such an image has to be made first; test/e2e/root-password.test.ts makes one and logs in',
		parses,
	),
	elsewhere(
		[
			'gpubox run --on gpu2 --sync -- python train.py',
			'gpubox --host gpu2 up',
			'gpubox --host gpu2 up --sync',
			...['ssh gpu2', 'ssh gpu2 gpubox runs'],
		],
		'one host; test/e2e/hosts.test.ts has several',
		async (command) => {
			await parses(command);
			const tests = await readFile(join(root, 'test/e2e/hosts.test.ts'), 'utf8');
			for (const word of command.match(/--(?:on|host|sync)\b/g) ?? []) {
				assert.ok(tests.includes(`'${word}'`), word);
			}
		},
	),
	elsewhere('npm run executable', 'half a minute; test/e2e/executable.test.ts makes it and runs it', async () => {
		const {scripts} = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {scripts: {executable: string}};
		const executableTest = await readFile(join(root, 'test/e2e/executable.test.ts'), 'utf8');
		assert.match(scripts.executable, /tools\/executable\.ts/);
		assert.match(executableTest, /buildExecutable\(\)/);
	}),
	elsewhere(
		[
			...['npm ci && npm test', 'npm test', 'npm test -- --e2e --only ls', 'npm test -- --e2e --keep'],
			'npm test -- --e2e --engine podman',
		],
		'this test is part of it',
		(command) => {
			assert.ok(process.env.NODE_TEST_CONTEXT !== undefined, command);
		},
	),
	elsewhere('UPDATE_SNAPSHOTS=1 npm test -- --unit --only session', 'it draws each screen again', async () => {
		assert.match(await readFile(join(root, 'test/_helpers/snapshot.ts'), 'utf8'), /env\.UPDATE_SNAPSHOTS/);
	}),
	elsewhere('npm run chaos', 'a quarter of an hour; test/e2e/chaos.test.ts plays a few of its rounds', async () => {
		const {scripts} = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {scripts: {chaos: string}};
		const [command, played] = await Promise.all(
			['test/chaos/run.ts', 'test/e2e/chaos.test.ts'].map((path) => readFile(join(root, path), 'utf8')),
		);
		assert.match(scripts.chaos, /test\/chaos\/run\.ts/);
		for (const text of [command, played]) {
			assert.match(text ?? '', /runChaos\(/);
		}
	}),
	elsewhere(
		['npm run bench', 'npm run bench -- lists', 'npm run bench -- --check'],
		'minutes, on a machine that does nothing else',
		async (command) => {
			const text = await readFile(join(root, 'bench/run.ts'), 'utf8');
			assert.match(text, /--check/);
			assert.match(text, /const benches\b.* = \{\s*lists: /, command);
		},
	),

	// What changes a machine, or takes a real card.
	elsewhere(
		[
			'sudo modprobe nvidia',
			'lspci -d 10de:',
			'sudo dmesg | grep -i nvrm',
			'sudo dmesg | grep -i xid',
			'sudo nvidia-smi --gpu-reset -i INDEX',
			'sudo nvidia-smi -pm 1',
		],
		'a card, and rights over the kernel',
		parses,
	),
	elsewhere(
		['npm uninstall -g gpubox', 'docker image rm', 'docker image ls gpubox/box'],
		'what it would remove is not there',
		(command) => assert.match(command, /^(?:npm uninstall -g|docker image (?:rm|ls)\b)/),
	),
	elsewhere(
		['pip install', 'pip install --user', 'git apply'],
		'named for what they do; test/e2e/box-surroundings.test.ts installs, test/e2e/run.test.ts looks at the patch',
		parses,
	),
	elsewhere('sudo install -m 755 gpubox-linux-x64 /usr/local/bin/gpubox', 'root, and it stays', parses),
	elsewhere(['wsl --update', 'wsl --shutdown'], 'Windows', parses),
	elsewhere('loginctl enable-linger', 'systemd, and it outlasts the test', parses),
];

function leaveAt(wish: RegExp) {
	return async (terminal: Terminal) => {
		await terminal.waitFor(wish);
		terminal.write('q');
	};
}

async function lookAround(terminal: Terminal): Promise<void> {
	await terminal.waitFor(/\$ ?$/m);
	terminal.write('pwd; id -un\r');
	await terminal.waitFor('/workspace\nalice\n');
	terminal.write('exit\r');
}

const remembered = new Set<string>();
async function remember(box: string): Promise<void> {
	remembered.add(await containerId(box));
}

async function assertState(box: string, state: string): Promise<void> {
	const {State} = await docker.getContainer(`gpubox-${box}`).inspect();
	assert.equal(State.Status, state);
}

function assertGone({stdout}: Result): Promise<void> {
	return assertNoBoxes(stdout.match(/alice-\w+/g) ?? []);
}

async function assertNoBoxes(names: string[]): Promise<void> {
	assert.ok(names.length > 0);
	const boxes = await docker.listContainers({all: true, filters: {label: ['gpubox.owner=alice']}});
	const left = new Set(boxes.map(({Labels}) => Labels['gpubox.name']));
	assert.deepEqual(
		names.filter((name) => left.has(name)),
		[],
	);
}

async function assertFile(path: string, content: RegExp): Promise<void> {
	assert.match(await readFile(join(alice.home, path), 'utf8'), content);
}

async function assertSetting(key: string, value: string): Promise<void> {
	assert.equal((await shell(`gpubox config ${key}`, {aside: true})).stdout, `${value}\n`);
}

async function assertGpus(box: string, wanted: RegExp | string): Promise<void> {
	assert.match(await labelOf(box, 'gpus'), new RegExp(wanted));
}

function gpusAt(...indexes: number[]): string {
	return indexes.map((index) => host.own?.gpus[index]?.uuid).join(',');
}

async function assertEnds(box: string): Promise<void> {
	const hours = (Date.parse(await labelOf(box, 'until')) - Date.now()) / 3_600_000;
	assert.ok(hours > 3.9 && hours <= 4, `${hours}`);
}

async function assertSecret(box: string, name: string, value: string): Promise<void> {
	const {stdout} = await shell(`gpubox attach ${box} -- cat /run/secrets/${name}`, {});
	assert.equal(stdout, value);
}

/** Texts by path, without what builds and caches leave. */
async function contentsOf(folder: string): Promise<Map<string, string>> {
	const contents = new Map<string, string>();
	for (const entry of await readdir(folder, {recursive: true, withFileTypes: true})) {
		const path = relative(folder, join(entry.parentPath, entry.name));
		if (entry.isFile() && !/^(?:dist|node_modules|\.cache)\//.test(path)) {
			contents.set(path, await readFile(join(folder, path), 'utf8'));
		}
	}

	return contents;
}

async function parses(command: string): Promise<void> {
	const {code, stderr} = await shell(`set -n; ${command}`, {});
	assert.equal(code, 0, stderr);
}

/** Makes alice's home as the documents find it. */
async function settleIn(): Promise<void> {
	const bin = join(alice.home, '.local/bin');
	alice.environment.PATH = `${bin}:${alice.environment.PATH}`;
	Object.assign(alice.environment, {HF_TOKEN: 'of-the-variable', WANDB_API_KEY: 'of-wandb'});
	const folders = [
		...['my-project', 'export', 'train/data', 'data/imagenet', 'team/vision.git', 'scratch/upkeep'],
		...['training', 'notebook', 'by-hand'].map((name) => `asked/${name}`),
		...['two', 'certain', 'one', 'until', 'until-too', 'mounted', 'machine'].map((name) => `share/${name}`),
		...['variable', 'file', 'env'].map((name) => `secret/${name}`),
	];
	const {node, cli} = host.program;
	const [file = ''] = yamlOf('docs/onboarding.md');
	const [{text: scenario} = {text: ''}] = blocksOf(readDocument('docs/demo.md')).filter(
		({language}) => language === 'json',
	);
	await inOrder([
		`mkdir -p ${folders.join(' ')}`,
		`printf '#!/bin/sh\\nexec %s %s "$@"\\n' '${node}' '${cli}' > gpubox-linux-x64 && chmod 600 gpubox-linux-x64`,
		'printf \'print("trained")\\n\' > train/train.py && cp train/train.py export/ && touch train/data/numbers',
		'printf of-the-file > .hf-token',
		`cd team/vision.git && cat > gpubox.yaml <<'END' && git init -q -b main && git add . && git -c user.name=lead -c user.email=lead@example.com commit -qm 'Say what boxes are made of'\n${file}END`,
		`mkdir scratch/asks && printf 'image: ${image}\\ngpus: none\\npostCreate: touch made\\n' > scratch/asks/gpubox.yaml`,
		`printf 'image: ${image}\\n' > export/gpubox.yaml`,
		`printf %s ${registry.address} > registry`,
		`mkdir -p .local/bin && cat > .local/bin/trivy <<'END' && chmod 755 .local/bin/trivy\n#!/bin/sh\necho '${scanReport}'\nEND`,
		`cat > scratch/our-host.json <<'END'\n${scenario}END`,
		`git config --global url."$HOME/team/".insteadOf git@example.com:team/`,
		`sh gpubox-linux-x64 config build.registryMirror ${registry.address}`,
	]);
}

async function inOrder(commands: string[]): Promise<void> {
	for (const command of commands) {
		const {code, stderr} = await shell(command, {});
		assert.equal(code, 0, `${command}\n${stderr}`);
	}
}

/** The examples of gpubox.yaml in a document. */
function yamlOf(document: string): string[] {
	return blocksOf(readDocument(document))
		.filter(({language}) => language === 'yaml')
		.map(({text}) => text);
}

/** The image for the engine, and the same in a registry that stands for Docker Hub. */
async function offerImage(): Promise<void> {
	await buildTorchImage(docker, host, image);
	const [repository = '', tag = ''] = image.split(':');
	const there = `${registry.address}/${repository}`;
	await docker.getImage(image).tag({repo: there, tag});
	const pushed = await docker.getImage(`${there}:${tag}`).push({authconfig: {}});
	await new Promise((resolve, reject) => {
		docker.modem.followProgress(pushed, (error) => (error ? reject(error) : resolve(undefined)));
	});
	await docker.getImage(`${there}:${tag}`).remove();
}

async function copyClone(): Promise<string> {
	const folder = await mkdtemp(join(host.folder, 'clone-'));
	const left = new Set(['node_modules', '.git', '.cache', 'dist']);
	for (const entry of await readdir(root)) {
		if (!left.has(entry)) {
			await cp(join(root, entry), join(folder, entry), {recursive: true});
		}
	}

	await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
	return folder;
}

function tests(steps: Step[]): void {
	for (const {commands, as, why, act} of steps) {
		const names = as === undefined ? commands : [commands.join(', ')];
		for (const name of names) {
			test(why ? `${name} (not here: ${why})` : name, () => act(as ?? name));
		}
	}
}

// The two tables have nothing to do with each other, and both wait much.
describe('the documents', {skip: needsOwnEngine, concurrency: true}, () => {
	before(async () => {
		alice = await makePerson(host, 'alice', {known: true});
		registry = await startRegistry();
		clone = await copyClone();
		await offerImage();
		await settleIn();
	});

	after(async () => {
		const boxes = await docker.listContainers({all: true, filters: {label: ['gpubox.owner=alice']}});
		for (const {Id, Labels} of boxes) {
			await docker.getContainer(Id).remove({force: true});
			// gpubox would do it later, when she looks again.
			await rm(join(secretsOf(alice.uid), Labels['gpubox.folder'] ?? 'none'), {recursive: true, force: true});
		}

		await docker.getImage(image).remove({force: true});
		await docker.getImage(`${registry.address}/team/my-project:v3`).remove({force: true});
		await registry.stop();
		await alice.remove();
	});

	test('tell no command that the table above does not have, and the table none that nobody tells', () => {
		const told = toldCommands();
		const known = new Set([...story, ...workshop].flatMap(({commands}) => commands));
		const unknown = [...told].filter(([command]) => !known.has(command));
		assert.deepEqual(
			unknown.map(([command, places]) => `${command}   (in ${places.join(', ')})`),
			[],
			'Commands that no test runs: add them to `story` in test/e2e/documents.test.ts',
		);
		assert.deepEqual(
			[...known].filter((command) => !told.has(command)),
			[],
			'Commands that no document tells any more: take them out of `story`',
		);
	});

	describe('in a clone of gpubox', {concurrency: 1}, () => tests(workshop));

	describe('at a workstation', {concurrency: 1}, () => {
		tests(story);

		describe('the examples of gpubox.yaml', () => {
			for (const document of documents.filter((name) => yamlOf(name).length > 0)) {
				for (const [index, text] of yamlOf(document).entries()) {
					test(`${document}, number ${index + 1}: a box can be made of it`, async () => {
						const folder = `scratch/${basename(document)}-${index}`;
						await inOrder([`mkdir -p ${folder} && cat > ${folder}/gpubox.yaml <<'END'\n${ofAlice(text)}END`]);
						const {code, stdout, stderr} = await shell(`gpubox up --dry-run --image ${image}`, {in: folder});
						assert.equal(code, 0, stderr);
						assert.match(stdout, /^docker run /);
					});
				}
			}
		});

		describe('what docs/configuration.md shows', () => {
			const [yaml = ''] = yamlOf('docs/configuration.md');
			const [table = '', mistakes = ''] = blocksOf(readDocument('docs/configuration.md'))
				.filter(({language}) => language === 'text')
				.map(({text}) => text);

			test('where each value was said', async () => {
				await inOrder([
					`mkdir -p scratch/origin && cat > scratch/origin/gpubox.yaml <<'END'\n${ofAlice(yaml)}END`,
					'rm ~/.config/gpubox/config.json',
					'gpubox config limits.cpus 8',
				]);
				const {stdout} = await shell('gpubox config --show-origin', {in: 'scratch/origin'});
				await inOrder(['gpubox config limits.cpus --unset', `gpubox config build.registryMirror ${registry.address}`]);
				const words = (text: string) =>
					text
						.trimEnd()
						.split('\n')
						.map((line) => line.replaceAll(/ +/g, ' '));
				const lines = words(stdout);
				for (const line of words(table)) {
					assert.ok(lines.includes(line), `${line}\nis not in\n${stdout}`);
				}
			});

			test('mistakes with line and column', async () => {
				await inOrder([
					"mkdir -p scratch/mistakes && printf 'name: x\nimge: x\ngpus: 1\nlimits:\n  memory: 3\n' > scratch/mistakes/gpubox.yaml",
				]);
				const {code, stderr} = await shell('gpubox up', {in: 'scratch/mistakes'});
				assert.deepEqual([code, stderr], [2, mistakes]);
			});
		});

		test('a mistake in a made-up host is told as docs/demo.md shows', async () => {
			const told = blocksOf(readDocument('docs/demo.md')).find(({language}) => language === 'text')?.text;
			const command = 'sed -i 0,/training/s//bursty/ our-host.json && gpubox demo --scenario ./our-host.json';
			const {code, stderr} = await shell(command, {in: 'scratch'});
			assert.equal(code, 2);
			assert.ok(stderr.replace(join(alice.home, 'scratch'), '/home/erik').startsWith(told ?? '?'), stderr);
		});

		test('a notebook reads a secret as docs/security.md shows', async () => {
			const [{text: python} = {text: ''}] = blocksOf(readDocument('docs/security.md')).filter(
				({language}) => language === 'python',
			);
			const {stdout, stderr} = await shell('gpubox attach alice-env -- env -u WANDB_API_KEY python3 -', {
				input: `${python}print(os.environ["WANDB_API_KEY"])\n`,
			});
			assert.equal(stdout, 'of-wandb\n', stderr);
		});

		test('an image with the labels of docs/images.md is described by them', async () => {
			const labels = blocksOf(readDocument('docs/images.md')).find(({language}) => language === 'dockerfile')?.text;
			const name = 'gpubox-test/labelled:1';
			await buildImage(docker, name, `FROM ${host.images.bare}\n${labels}`);
			const {stdout} = await shell('gpubox images --all --json', {});
			await docker.getImage(name).remove();
			const {images} = JSON.parse(stdout) as {images: Array<{reference: string}>};
			const {cuda, framework, provides} = images.find(({reference}) => reference === name) as Record<string, unknown>;
			assert.deepEqual([cuda, framework, provides], ['12.8', 'pytorch 2.8.0', ['jupyter', 'sshd']]);
		});

		test('ssh takes what docs/ssh.md says to put on a laptop', async () => {
			const config = blocksOf(readDocument('docs/ssh.md')).find(({language}) => language === 'ssh-config')?.text ?? '';
			const {stdout, stderr} = await shell('cat > scratch/laptop && ssh -F scratch/laptop -G alice-train', {
				input: config,
			});
			for (const line of ['port 2222', 'user alice', 'proxyjump workstation', 'hostkeyalias gpubox-alice-train']) {
				assert.ok(stdout.split('\n').includes(line), `${line}\n${stderr}`);
			}
		});
	});
});
