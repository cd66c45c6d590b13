import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, test} from 'node:test';
import {Failure} from '../../source/base/failure.ts';
import {findProject, readProjectFile} from '../../source/settings/file.ts';
import {toSettings} from '../../source/settings/merge.ts';
import {personalFile, readPersonal, setPersonal, typedList, unsetPersonal} from '../../source/settings/personal.ts';

let folder: string;

beforeEach(() => {
	folder = realpathSync(mkdtempSync(join(tmpdir(), 'gpubox-settings-')));
});

afterEach(() => {
	rmSync(folder, {recursive: true, force: true});
});

function make(path: string, text = ''): string {
	const file = join(folder, path);
	mkdirSync(join(file, '..'), {recursive: true});
	writeFileSync(file, text);
	return file;
}

function makeFolder(path: string): string {
	mkdirSync(join(folder, path), {recursive: true});
	return join(folder, path);
}

/** A failure as the person sees it. */
async function failureOf(work: () => unknown): Promise<Pick<Failure, 'message' | 'fix' | 'details' | 'exitCode'>> {
	try {
		await work();
	} catch (error) {
		assert.ok(error instanceof Failure, String(error));
		const {message, fix, details, exitCode} = error;
		return {message, fix, details, exitCode};
	}

	return assert.fail('it should have failed');
}

test('the nearest folder upwards with a gpubox.yaml is the project, up to the root of the repository', () => {
	makeFolder('repository/.git');
	const file = make('repository/gpubox.yaml');
	const deep = makeFolder('repository/source/models');
	assert.deepEqual(findProject(deep), {project: join(folder, 'repository'), file});
	const nearer = make('repository/source/gpubox.yml');
	assert.deepEqual(findProject(deep), {project: join(folder, 'repository/source'), file: nearer});
});

test("a file above the repository is nobody's", () => {
	make('gpubox.yaml');
	makeFolder('repository/.git');
	const deep = makeFolder('repository/source');
	assert.deepEqual(findProject(deep), {project: deep});
});

test('in a worktree, where .git is a file, it is the same', () => {
	make('gpubox.yaml');
	make('worktree/.git', 'gitdir: /elsewhere\n');
	const deep = makeFolder('worktree/source');
	assert.deepEqual(findProject(deep), {project: deep});
});

test('outside of a repository only the folder itself counts', () => {
	const file = make('gpubox.yaml');
	const below = makeFolder('below');
	assert.deepEqual(findProject(folder), {project: folder, file});
	assert.deepEqual(findProject(below), {project: below});
});

test('both spellings at once are refused', async () => {
	make('gpubox.yaml');
	make('gpubox.yml');
	assert.deepEqual(await failureOf(() => findProject(folder)), {
		message: `Both gpubox.yaml and gpubox.yml exist in ${folder}.`,
		fix: 'Remove one of them.',
		details: [],
		exitCode: 2,
	});
});

test('one mistake is the message', async () => {
	const file = make('gpubox.yaml', 'gpus: 1\nimge: a\n');
	assert.deepEqual(await failureOf(() => readProjectFile(file, folder)), {
		message: 'gpubox.yaml:2:1: Unknown setting "imge".',
		fix: 'Did you mean "image"?',
		details: [],
		exitCode: 2,
	});
});

test('several are listed, by the path as one would write it here', async () => {
	const file = make('gpubox.yaml', 'imge: a\nlimits: {memory: 3}\n');
	assert.deepEqual(await failureOf(() => readProjectFile(file, makeFolder('source'))), {
		message: '../gpubox.yaml has 2 mistakes.',
		fix: 'gpubox config --schema prints the settings.',
		details: [
			'../gpubox.yaml:1:1: Unknown setting "imge". Did you mean "image"?',
			'../gpubox.yaml:2:18: limits.memory must be a size such as 16g, not 3.',
		],
		exitCode: 2,
	});
});

test('a folder in the place of the file, and a file that never ends, are told', async () => {
	makeFolder('gpubox.yaml');
	const {message} = await failureOf(() => readProjectFile(join(folder, 'gpubox.yaml'), folder));
	assert.match(message, /^Cannot read gpubox\.yaml: it is a folder, not a plain file/);
	const large = make('large/gpubox.yaml', '#'.repeat(300 * 1024));
	assert.deepEqual(
		(await failureOf(() => readProjectFile(large, folder))).message,
		'Cannot read large/gpubox.yaml: it is larger than 256 KiB',
	);
});

test('a personal setting is kept, read back, and forgotten', async () => {
	assert.deepEqual(await readPersonal(folder), []);
	await setPersonal(folder, 'limits.memory', '64g');
	await setPersonal(folder, 'services', 'jupyter, ssh');
	await setPersonal(folder, 'env.EDITOR', 'vim');
	await setPersonal(folder, 'gpus', '2');
	assert.deepEqual(toSettings(await readPersonal(folder)), {
		services: ['jupyter', 'ssh'],
		gpus: '2',
		env: {EDITOR: 'vim'},
		limits: {memory: '64g'},
	});
	await unsetPersonal(folder, 'limits.memory');
	await unsetPersonal(folder, 'env');
	assert.deepEqual(toSettings(await readPersonal(folder)), {services: ['jupyter', 'ssh'], gpus: '2'});
});

test("mounts in docker's long form are kept as gpubox writes them", async () => {
	await setPersonal(
		folder,
		'mounts',
		'/data:/data:ro, type=bind,source=/scratch,target=/scratch,readonly,type=bind,src=~/x,dst=/x,/y:/y',
	);
	const mounts = ['/data:/data:ro', '/scratch:/scratch:ro', '~/x:/x', '/y:/y'];
	assert.deepEqual(JSON.parse(readFileSync(personalFile(folder), 'utf8')), {mounts});
	assert.deepEqual(toSettings(await readPersonal(folder)), {mounts});
	await assert.rejects(setPersonal(folder, 'mounts', 'type=volume,source=hf,target=/hf'), /not a volume/);
});

test('items with a comma in them are written as JSON, and read back as they were', async () => {
	const mounts = ['/data/a,b:/a', '/data/c:/c:ro'];
	const typed = typedList('mounts', mounts);
	assert.equal(typed, JSON.stringify(mounts));
	await setPersonal(folder, 'mounts', typed);
	assert.deepEqual(toSettings(await readPersonal(folder)), {mounts});
	assert.equal(typedList('mounts', mounts.slice(1)), '/data/c:/c:ro');
	assert.equal(typedList('services', ['jupyter', 'ssh']), 'jupyter,ssh');
	await unsetPersonal(folder, 'mounts');
});

test('a former key is taken, and replaced by its new name when it is set', async () => {
	make('config.json', '{"memory": "16g", "cpus": "4"}');
	assert.deepEqual(toSettings(await readPersonal(folder)), {limits: {memory: '16g', cpus: 4}});
	await setPersonal(folder, 'memory', '32g');
	assert.deepEqual(JSON.parse(readFileSync(personalFile(folder), 'utf8')), {cpus: '4', limits: {memory: '32g'}});
	await unsetPersonal(folder, 'cpus');
	assert.deepEqual(toSettings(await readPersonal(folder)), {limits: {memory: '32g'}});
});

const refused: Array<[key: string, value: string, message: string, fix: string]> = [
	['memry', '1g', 'Unknown setting "memry".', 'Did you mean "limits.memory"?'],
	['name', 'vision', '"name" is a project setting.', 'Set it in gpubox.yaml.'],
	[
		'limits.memory',
		'3',
		'limits.memory must be a size such as 16g, not "3".',
		'For example, in gpubox.yaml: limits.memory: 64g',
	],
	[
		'services',
		'jupyter,rdp',
		'services[1] must be jupyter or ssh, not "rdp".',
		'For example, in gpubox.yaml: services: [jupyter, ssh]',
	],
	['env', 'vim', '"env" is a map.', 'Set one of its entries, for example: gpubox config env.EDITOR vim'],
];

for (const [key, value, message, fix] of refused) {
	test(`gpubox config ${key} ${value} is refused and leaves the file alone`, async () => {
		assert.deepEqual(await failureOf(() => setPersonal(folder, key, value)), {message, fix, details: [], exitCode: 2});
		assert.deepEqual(await readPersonal(folder), []);
	});
}

test('a personal config that is no JSON says where', async () => {
	make('config.json', '{"gpus": ');
	const {message, exitCode} = await failureOf(() => readPersonal(folder));
	assert.match(message, /config\.json:1:\d+: Flow map must end with a \}\.$/);
	assert.equal(exitCode, 2);
});
