import assert from 'node:assert/strict';
import {chmod, chown, cp, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {makePerson, needsOwnEngine, type Person, testHost} from '../_helpers/test-host/index.ts';
import {runToEnd} from '../_helpers/test-host/person.ts';

// Defaults for everyone on a host, in /etc/gpubox/config.json: of a copy of /etc, which only these calls see.

const host = testHost();

describe("the host's config", {skip: needsOwnEngine}, () => {
	let person: Person;
	let etc: string;
	const file = () => join(etc, 'gpubox/config.json');
	const gpubox = (...words: string[]) => {
		const become = ['setpriv', '--reuid', `${person.uid}`, '--regid', `${person.gid}`, '--clear-groups', '--'];
		const script = 'mount --bind "$1" /etc && shift && exec "$@"';
		const call = [...become, host.program.node, host.program.cli, ...words];
		return runToEnd('unshare', ['--mount', 'sh', '-c', script, 'sh', etc, ...call], {
			cwd: person.project,
			env: person.environment,
			input: '',
		});
	};

	before(async () => {
		person = await makePerson(host);
		etc = await mkdtemp(join(tmpdir(), 'gpubox-etc-'));
		await chmod(etc, 0o755);
		for (const name of ['passwd', 'group', 'nsswitch.conf', 'hosts', 'resolv.conf', 'ssl']) {
			await cp(join('/etc', name), join(etc, name), {recursive: true, verbatimSymlinks: true}).catch(() => {});
		}

		await mkdir(join(etc, 'gpubox'));
	});
	after(async () => {
		await rm(etc, {recursive: true});
		await person.remove();
	});

	test('has defaults below those of the user and of the project', async () => {
		const config = {image: host.images.jupyter, gpus: 'none', limits: {memory: '700m', pids: 4000}};
		await writeFile(file(), JSON.stringify(config), {mode: 0o644});
		assert.equal((await gpubox('config', 'limits.memory', '600m')).code, 0);
		await writeFile(join(person.project, 'gpubox.yaml'), 'services: [ssh]\n');
		const shown = await gpubox('config', '--show-origin');
		assert.match(shown.stdout, /^image +\S+ +\/etc\/gpubox\/config\.json:1 \(this host's\)$/m, shown.stderr);
		assert.match(shown.stdout, /^limits\.memory +600m +\S+config\.json:\d+ \(yours\)$/m);
		assert.match(shown.stdout, /^limits\.pids +4000 +\/etc\/gpubox\/config\.json:1 \(this host's\)$/m);
		assert.equal(shown.stderr, '');
		assert.match((await gpubox('config')).stdout, /\/etc\/gpubox\/config\.json counts/);
		const {settings} = JSON.parse((await gpubox('config', '--show-origin', '--json')).stdout) as {
			settings: Array<{key: string; place: string}>;
		};
		assert.equal(settings.find(({key}) => key === 'image')?.place, 'host');

		const planned = await gpubox('up', '--dry-run');
		assert.equal(planned.code, 0, planned.stderr);
		assert.match(planned.stdout, /--memory[= ]629145600|--memory[= ]600m/);
		assert.match(planned.stdout, /--pids-limit[= ]4000/);
	});

	test('that others can write to is ignored, with one line', async () => {
		await chown(file(), person.uid, person.gid);
		const {code, stdout, stderr} = await gpubox('config', '--show-origin');
		assert.equal(code, 0);
		assert.doesNotMatch(stdout, /\/etc\/gpubox/);
		assert.match(stderr, /^\/etc\/gpubox\/config\.json is ignored: .* does not belong to root\.\n {2}→ .*\n$/);
		const planned = await gpubox('up', '--dry-run', '--image', host.images.jupyter, '--gpus', 'none');
		assert.equal(planned.code, 0, planned.stderr);
		assert.match(planned.stderr, /is ignored/);
		assert.doesNotMatch(planned.stdout, /--pids-limit[= ]4000/);
		await chown(file(), 0, 0);
	});

	test('with a mistake is ignored as well', async () => {
		await writeFile(file(), '{"limits": {"memry": "1g"}}');
		const {code, stderr} = await gpubox('reap');
		assert.equal(code, 0);
		assert.match(stderr, /is ignored: \/etc\/gpubox\/config\.json:1:\d+: Unknown setting "limits\.memry"\./);
	});
});
