import assert from 'node:assert/strict';

import {chmod, chown, mkdir, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {buildImage, dockerOf, makePerson, needsOwnEngine, type Person, testHost} from '../_helpers/test-host/index.ts';
import {runToEnd} from '../_helpers/test-host/person.ts';
import {type SecondEngine, startSecondEngine} from '../_helpers/test-host/second-engine.ts';

// What a box brings along of its surroundings: the image's entrypoint, Docker's proxies, the user's groups and umask.

const host = testHost();
const docker = dockerOf(host);
const tag = (name: string) => `gpubox-test/surroundings-${name}:e2e`;

type UpJson = {name: string; id: string; jupyter?: {url: string; token: string}};

async function up(person: Person, options: string[], env: Record<string, string> = {}) {
	const {stdout, stderr, code} = await person.runGpubox(['up', '--json', '--gpus', 'none', ...options], {env});
	assert.equal(code, 0, stderr);
	return {...(JSON.parse(stdout) as UpJson), stderr};
}

/** With the layers that gpubox put on them. */
async function removeImages(...names: string[]): Promise<void> {
	for (const name of names.map(tag)) {
		for (const {Id} of await docker.listImages({filters: {label: [`gpubox.derived-from=${name}`]}})) {
			await docker.getImage(Id).remove({force: true});
		}

		await docker.getImage(name).remove({force: true});
	}
}

async function removeBoxes(person: Person): Promise<void> {
	const {stdout} = await person.runGpubox(['ls', '--json']);
	const {boxes} = JSON.parse(stdout) as {boxes: Array<{name: string; project: string}>};
	const own = boxes.filter(({project}) => project.startsWith(person.project)).map(({name}) => name);
	if (own.length > 0) {
		await person.runGpubox(['rm', '--yes', ...own]);
	}
}

/** The environment of a new kernel, of its own process. */
async function kernelEnvironment(person: Person, {name, jupyter}: UpJson): Promise<string> {
	assert.ok(jupyter);
	const answer = await fetch(new URL('api/kernels', jupyter.url), {
		method: 'POST',
		headers: {authorization: `token ${jupyter.token}`},
	});
	assert.equal(answer.status, 201);
	const find = 'tr "\\0" "\\n" </proc/$(pgrep -f ipykernel_launcher | head -1)/environ';
	return (await person.runGpubox(['attach', name, '--', 'sh', '-c', find])).stdout;
}

describe('an image whose environment its entrypoint switches on', () => {
	let person: Person;
	const {jupyter} = host.images;
	before(async () => {
		await buildImage(
			docker,
			tag('switches'),
			`FROM ${jupyter}
RUN mkdir -p /opt/env/bin && printf '#!/bin/sh\\nFROM_ENV=yes exec /usr/bin/python3 "$@"\\n' >/opt/env/bin/python3 \\
 && printf '#!/bin/sh\\necho activating\\nexport PATH=/opt/env/bin:$PATH ENV_ACTIVE=yes\\nexec "$@"\\n' >/usr/local/bin/activate-and-run \\
 && chmod 755 /opt/env/bin/python3 /usr/local/bin/activate-and-run
ENTRYPOINT ["/usr/local/bin/activate-and-run"]
CMD ["python3"]
`,
		);
		await buildImage(
			docker,
			tag('refuses'),
			`FROM ${jupyter}\nENTRYPOINT ["/bin/sh", "-c", "echo only as root >&2; exit 1", "--"]\n`,
		);
		person = await makePerson(host, 'tester', {known: true});
	});
	after(async () => {
		await removeBoxes(person);
		await person.remove();
		await removeImages('switches', 'refuses');
	});

	test('has it in commands, shells, notebooks and SSH, as with docker run', async () => {
		const box = await up(person, ['--jupyter', '--ssh', '--image', tag('switches')]);
		assert.doesNotMatch(box.stderr, /entrypoint/);
		const ask =
			'import os, shutil; print(os.environ.get("ENV_ACTIVE"), os.environ.get("FROM_ENV"), shutil.which("python3"))';
		const right = 'yes yes /opt/env/bin/python3\n';
		const inside = (...words: string[]) => person.runGpubox(['attach', box.name, '--', ...words]);
		assert.equal((await inside('python3', '-c', ask)).stdout, right);
		assert.equal((await inside('bash', '-lc', `python3 -c '${ask}'`)).stdout, right);
		const ssh = await person.runGpubox(['ssh', box.name, '--', `python3 -c '${ask}'`]);
		assert.equal(ssh.stdout, right, ssh.stderr);
		const kernel = await kernelEnvironment(person, box);
		assert.match(kernel, /^ENV_ACTIVE=yes$/m);
		assert.match(kernel, /^FROM_ENV=yes$/m);
		assert.match(kernel, /^PATH=\/opt\/env\/bin:/m);
	});

	test('has it in jobs, and nothing of the entrypoint in their output', async () => {
		const run = (image: string, ...words: string[]) =>
			person.runGpubox(['run', '--gpus', 'none', '--image', tag(image), '--', ...words]);
		const command = 'echo "$ENV_ACTIVE $(command -v python3) $* $GPUBOX_NAME"';
		const switched = await run('switches', 'sh', '-c', command, 'sh', 'one two', '--');
		assert.equal(switched.code, 0, switched.stderr);
		assert.match(switched.stdout, /^yes \/opt\/env\/bin\/python3 one two -- \S+-\d+\n$/);
		assert.match(switched.stderr, /^activating$/m);
		const refused = await run('refuses', 'echo', 'runs');
		assert.deepEqual([refused.code, refused.stdout], [0, 'runs\n']);
		assert.match(refused.stderr, /gpubox: the image's entrypoint .* did not start its arguments/);
	});

	test('is told when its entrypoint does not run in a box', async () => {
		const box = await up(person, ['--jupyter', '--image', tag('refuses'), '--recreate', '--yes']);
		assert.match(box.stderr, /The entrypoint of .*refuses:e2e \(.*\) does not run in a box: PATH .* gpubox logs/);
		const {stdout, stderr} = await person.runGpubox(['logs', box.name]);
		assert.match(stdout + stderr, /gpubox: the image's entrypoint .* did not start its arguments/);
	});
});

describe("proxies of Docker's own configuration", () => {
	let person: Person;
	const proxy = 'http://proxy.example.com:3128';
	before(async () => {
		person = await makePerson(host);
		await mkdir(join(person.home, '.docker'));
		await writeFile(
			join(person.home, '.docker/config.json'),
			JSON.stringify({
				proxies: {
					default: {httpProxy: proxy, httpsProxy: proxy, noProxy: 'localhost,127.0.0.0/8,.example.com'},
				},
			}),
		);
	});
	after(async () => {
		await removeBoxes(person);
		await person.remove();
	});

	test('are in a box as with docker run, and its notebooks reach what is in it', async () => {
		const box = await up(person, ['--image', host.images.jupyter, '--env', 'HTTP_PROXY=http://mine:1']);
		const {stdout} = await person.runGpubox(['attach', box.name, '--', 'env']);
		for (const line of [
			'HTTP_PROXY=http://mine:1',
			`http_proxy=${proxy}`,
			`HTTPS_PROXY=${proxy}`,
			`https_proxy=${proxy}`,
			'NO_PROXY=localhost,127.0.0.0/8,.example.com',
			'no_proxy=localhost,127.0.0.0/8,.example.com',
		]) {
			assert.ok(stdout.split('\n').includes(line), `${line} in ${stdout}`);
		}

		assert.match(await kernelEnvironment(person, box), /^no_proxy=.*\b127\.0\.0\.1\b/m);
	});

	test('are named by doctor', async () => {
		const {stdout} = await person.runGpubox(['doctor', '--json']);
		const {checks} = JSON.parse(stdout) as {checks: Array<{id: string; found: string}>};
		assert.match(
			checks.find(({id}) => id === 'proxy')?.found ?? '',
			/boxes and builds use proxies\.default of .*\.docker\/config\.json/,
		);
	});
});

describe("the user's groups and umask", {skip: needsOwnEngine}, () => {
	let person: Person;
	let data: string;
	const vision = 70_300;
	/** As a login of the user in two further groups, one of them Docker's, with names that only this process sees. */
	const login = (...words: string[]) => {
		const script =
			'mount --bind "$1" /etc/group && umask 0002 && uid=$2 gid=$3 groups=$4 && shift 4 && exec setpriv --reuid "$uid" --regid "$gid" --groups "$groups" -- "$0" "$@"';
		const groups = join(person.home, 'group');
		return runToEnd(
			'unshare',
			[
				...['--mount', 'bash', '-c', script, host.program.node, groups],
				...[String(person.uid), String(person.gid), `${vision},70301`, host.program.cli, ...words],
			],
			{cwd: person.project, env: person.environment, input: ''},
		);
	};

	before(async () => {
		person = await makePerson(host, 'tester', {known: true});
		data = join(person.project, '..', 'data');
		await mkdir(data);
		await writeFile(join(data, 'label.txt'), 'a label\n');
		await writeFile(join(person.home, 'group'), `root:x:0:\nvision:x:${vision}:\ndocker:x:70301:\n`);
		await chown(data, 0, vision);
		await chmod(data, 0o2750);
		await chown(join(data, 'label.txt'), 0, vision);
		await chmod(join(data, 'label.txt'), 0o640);
		await chown(person.project, person.uid, vision);
		await chmod(person.project, 0o2770);
	});
	after(async () => {
		await removeBoxes(person);
		await person.remove();
	});

	test('are those of everything in the box', async () => {
		const made = await login(
			...['up', '--json', '--gpus', 'none', '--jupyter', '--ssh', '--image', host.images.jupyter],
			...['--mount', `${data}:/data:ro`],
		);
		assert.equal(made.code, 0, made.stderr);
		const box = JSON.parse(made.stdout) as UpJson;
		const inside = async (command: string) => {
			const {stdout, stderr, code} = await login('attach', box.name, '--', 'sh', '-c', command);
			assert.equal(code, 0, stderr);
			return stdout;
		};
		const overSsh = await person.runGpubox(['ssh', box.name, '--', 'id -Gn; umask; cat /data/label.txt; echo 1 >ssh']);
		assert.match(overSsh.stdout, /\bvision\n0002\na label\n/, overSsh.stderr);
		assert.equal(
			await inside('id -Gn; cat /data/label.txt; echo 1 >shell'),
			`${(await inside('id -gn')).trim()} vision\na label\n`,
		);
		assert.match(await inside('getent group vision'), new RegExp(`^vision:x:${vision}:\\w+$`, 'm'));
		assert.equal(await inside('id -Gn | grep -c docker || :'), '0\n');
		const job = await login(
			...['run', '--gpus', 'none', '--image', host.images.jupyter, '--mount', `${data}:/data:ro`],
			...['--', 'sh', '-c', 'id -Gn; umask; cat /data/label.txt; echo 1 >job'],
		);
		assert.match(job.stdout, /\bvision\n0002\na label\n/, job.stderr);

		assert.ok(box.jupyter);
		const answer = await fetch(new URL('api/contents/jupyter.txt', box.jupyter.url), {
			method: 'PUT',
			headers: {authorization: `token ${box.jupyter.token}`},
			body: JSON.stringify({type: 'file', format: 'text', content: 'x'}),
		});
		assert.equal(answer.status, 201);
		for (const file of ['ssh', 'shell', 'job', 'jupyter.txt']) {
			const {mode, gid} = await stat(join(person.project, file));
			assert.deepEqual([(mode & 0o777).toString(8), gid], ['664', vision], file);
		}
	});
});

describe("the user's own Python packages", () => {
	let person: Person;
	before(async () => {
		for (const version of [1, 2]) {
			await buildImage(
				docker,
				tag(`library-${version}`),
				`FROM ${host.images.jupyter}\nRUN printf '__version__ = "${version}.0 of the image"\\n' >/usr/lib/python3/dist-packages/somelib.py\n`,
			);
		}

		person = await makePerson(host);
	});
	after(async () => {
		await removeBoxes(person);
		await person.remove();
		await removeImages('library-1', 'library-2');
	});

	test('belong to the image they were installed under', async () => {
		const inBoxOf = async (version: number, command: string) => {
			const {name} = await up(person, ['--image', tag(`library-${version}`), '--recreate', '--yes']);
			const {stdout, stderr, code} = await person.runGpubox(['attach', name, '--', 'sh', '-c', command]);
			assert.equal(code, 0, stderr);
			return stdout;
		};
		const look = 'python3 -c "import somelib; print(somelib.__version__)"';
		const install =
			'site=$(python3 -m site --user-site) && mkdir -p "$site" "$(python3 -m site --user-base)/bin" && ' +
			`echo '__version__ = "0.9"' >"$site/somelib.py" && ` +
			`printf '#!/bin/sh\\necho a script\\n' >"$(python3 -m site --user-base)/bin/somescript" && ` +
			'chmod +x "$(python3 -m site --user-base)/bin/somescript"';
		assert.equal(await inBoxOf(1, `${install}; somescript; ${look}`), 'a script\n0.9\n');
		assert.equal(await inBoxOf(2, look), '2.0 of the image\n');
		// A new box of the first image has them again, in login shells too.
		assert.equal(await inBoxOf(1, `bash -lc somescript; ${look}`), 'a script\n0.9\n');
		const job = await person.runGpubox(
			...[['run', '--gpus', 'none', '--image', tag('library-1'), '--', 'sh', '-c', `somescript; ${look}`]],
		);
		assert.equal(job.stdout, 'a script\n0.9\n', job.stderr);
	});
});

describe('a project that is not whole by itself', () => {
	let person: Person;
	before(async () => {
		await buildImage(
			docker,
			tag('git'),
			`FROM ${host.images.jupyter}\nRUN apt-get update -q && apt-get install -qy --no-install-recommends git\n`,
		);
		person = await makePerson(host);
		const script = `set -eu
git config --global user.name 'Ann B'; git config --global user.email ann@example.com; git config --global credential.helper store
g() { git -c user.name=A -c user.email=a@example.com -c init.defaultBranch=main -c protocol.file.allow=always "$@"; }
mkdir -p src data; echo here >data/file; g init -q src/lib; (cd src/lib && echo 1 >a && g add . && g commit -qm a)
g init -q src/vision; cd src/vision; ln -s ../../data data; g submodule add -q ../lib lib; g add .; g commit -qm start
g worktree add -q -b fast ../../trees/fast/vision`;
		const {code, stderr} = await person.run('sh', ['-c', script]);
		assert.equal(code, 0, stderr);
	});
	after(async () => {
		await removeBoxes(person);
		await person.remove();
		await removeImages('git');
	});

	const upIn = async (folder: string, ...options: string[]) => {
		const cwd = join(person.project, folder);
		const {stdout, stderr, code} = await person.runGpubox(
			['up', '--json', '--gpus', 'none', '--image', tag('git'), ...options],
			{cwd},
		);
		assert.equal(code, 0, stderr);
		const {name} = JSON.parse(stdout) as UpJson;
		const inside = (command: string) => person.runGpubox(['attach', name, '--', 'sh', '-c', command]);
		return {stderr, inside};
	};

	test('has git in a worktree, which commits to the repository outside as its user', async () => {
		const {stderr, inside} = await upIn('trees/fast/vision');
		assert.doesNotMatch(stderr, /git does not work/);
		const {stdout, stderr: said} = await inside(
			'git status --short && echo 2 >b && git add b && git commit -qm inside && git log --format=%s',
		);
		assert.equal(stdout, 'inside\nstart\n', said);
		const outside = await person.run('git', [
			'-C',
			join(person.project, 'src/vision'),
			'log',
			'-1',
			'--format=%s, %an <%ae>',
			'fast',
		]);
		assert.equal(outside.stdout, 'inside, Ann B <ann@example.com>\n');
		assert.equal((await inside('git config --get credential.helper; true')).stdout, '');
		// What the user changes there stays.
		await inside('git config --global user.name "Ann C"');
		await upIn('data');
		assert.equal((await inside('git config --get user.name')).stdout, 'Ann C\n');
		// The place of the worktree is still the one of the host.
		const list = await person.run('git', ['-C', join(person.project, 'src/vision'), 'worktree', 'list']);
		assert.match(list.stdout, /trees\/fast\/vision .*\[fast\]/);
	});

	test('is told of links and of a repository above, with a mount that works', async () => {
		const {stderr} = await upIn('src/vision');
		const mount = /The link data leads out of the project.*: --mount (\S+)$/m.exec(stderr)?.[1];
		assert.ok(mount, stderr);
		const {stderr: later, inside} = await upIn('src/vision', '--recreate', '--yes', '--mount', mount);
		assert.doesNotMatch(later, /leads out/);
		assert.equal((await inside('cat data/file')).stdout, 'here\n');

		const {stderr: below} = await upIn('src/vision/lib');
		const whole = /the project is a submodule of the repository (\S+)\. .*: --mount (\S+)$/m.exec(below);
		assert.ok(whole, below);
		const {stderr: mounted, inside: inLib} = await upIn(
			'src/vision/lib',
			'--recreate',
			'--yes',
			'--mount',
			whole[2] ?? '',
		);
		assert.doesNotMatch(mounted, /git does not work/);
		assert.equal((await inLib(`cd ${whole[1]}/lib && git log --format=%s`)).stdout, 'a\n');
	});
});

describe('an engine that sets no-new-privileges for all containers', {skip: needsOwnEngine}, () => {
	let person: Person;
	let engine: SecondEngine;
	let words: string[];
	const gpubox = async (...options: string[]) =>
		runToEnd(words[0] ?? '', [...words.slice(1), host.program.node, host.program.cli, ...options], {
			cwd: person.project,
			env: {...person.environment, DOCKER_HOST: engine.address},
			input: '',
		});

	before(async () => {
		await buildImage(
			docker,
			tag('sudo'),
			`FROM ${host.images.jupyter}\nRUN apt-get update -q && apt-get install -qy --no-install-recommends sudo\n`,
		);
		person = await makePerson(host);
		engine = await startSecondEngine({
			parent: host.own?.runFolder ?? '',
			liveRestore: false,
			groupId: person.gid,
			settings: {
				'no-new-privileges': true,
				'log-driver': 'none',
				'default-ipc-mode': 'shareable',
				'default-shm-size': '1M',
				'default-ulimits': {nofile: {Name: 'nofile', Soft: 512, Hard: 512}},
				bridge: undefined,
			},
		});
		await engine.docker.loadImage(await docker.getImage(tag('sudo')).get());
		words = [
			...(await engine.inside()),
			...['setpriv', '--reuid', `${person.uid}`, '--regid', `${person.gid}`, '--clear-groups', '--'],
		];
	});
	after(async () => {
		await engine.stop();
		await person.remove();
		await removeImages('sudo');
	});

	test('gives a box what it promises', async () => {
		const {stdout, stderr, code} = await gpubox(
			...['up', '--json', '--sudo', '--ssh', '--gpus', 'none', '--image', tag('sudo'), '--shm-size', '64m'],
		);
		assert.equal(code, 0, stderr);
		const {name, id} = JSON.parse(stdout) as UpJson;
		const inside = async (command: string) => (await gpubox('attach', name, '--', 'sh', '-c', command)).stdout;
		assert.equal(await inside('sudo -n id -u'), '0\n');
		const {HostConfig} = await engine.docker.getContainer(id).inspect();
		assert.deepEqual(
			[HostConfig.IpcMode, HostConfig.LogConfig?.Type, HostConfig.SecurityOpt],
			['private', 'json-file', ['no-new-privileges:false']],
		);
		// An engine that cannot raise limits, as on this machine perhaps, keeps its own.
		if (HostConfig.Ulimits?.some((limit) => limit.Name === 'memlock')) {
			assert.equal(await inside('ulimit -n'), '65536\n');
		}

		const {stdout: log, stderr: alsoLog} = await gpubox('logs', name);
		assert.match(log + alsoLog, /Server listening/);
		const {checks} = JSON.parse((await gpubox('doctor', '--json')).stdout) as {
			checks: Array<{id: string; status: string; found: string}>;
		};
		const settings = checks.find((check) => check.id === 'engine-settings');
		// Engines up to 20.10 do not tell of no-new-privileges.
		assert.match(settings?.found ?? '', /log driver none \(boxes use json-file\)/);
		assert.equal((await gpubox('rm', '--yes', name)).code, 0);
	});
});
