/**
What the test host's engine runs in the place of `nvidia-container-runtime-hook prestart`: it reads the container's state
from stdin, finds out which GPUs were asked for, and leaves an nvidia-smi in the container that knows those and no other.
It fails with the words of the real one. Plain JavaScript and Node's own modules only: the engine starts it without a
loader and often.

Usage: hook.mjs FOLDER prestart, where FOLDER holds `gpus.csv` (index, UUID, name; one a line), `nvidia-smi` (the script to put
into the container) and, as long as a test wants the driver to be broken, `failure` (the words to fail with).
*/
import {appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';

/** @param {string} path */
function readIfThere(path) {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		if (error.code === 'ENOENT') {
			return undefined;
		}

		throw error;
	}
}

/** @param {string} reason */
function fail(reason) {
	process.stderr.write(`Auto-detected mode as 'legacy'\nnvidia-container-cli: ${reason}\n`);
	process.exit(1);
}

const [folder, stage] = process.argv.slice(2);
if (folder === undefined || stage !== 'prestart') {
	process.exit(0);
}

const state = JSON.parse(readFileSync(0, 'utf8'));
const config = JSON.parse(readFileSync(join(state.bundle, 'config.json'), 'utf8'));
/** @type {Map<string, string>} */
const environment = new Map(
	config.process.env.map((/** @type {string} */ line) => {
		const cut = line.indexOf('=');
		return [line.slice(0, cut), line.slice(cut + 1)];
	}),
);
const wanted = environment.get('NVIDIA_VISIBLE_DEVICES') ?? '';
appendFileSync(join(folder, 'calls.log'), `${JSON.stringify({id: state.id, devices: wanted})}\n`);
if (wanted === '' || wanted === 'void') {
	process.exit(0);
}

const failure = readIfThere(join(folder, 'failure'));
if (failure !== undefined) {
	fail(failure.trim());
}

const known = readFileSync(join(folder, 'gpus.csv'), 'utf8')
	.split('\n')
	.filter((line) => line !== '')
	.map((line) => {
		const [index, uuid, name] = line.split(', ');
		return {index, uuid, name};
	});
/** @type {typeof known} */
const given = [];
if (wanted === 'all') {
	given.push(...known);
} else if (wanted !== 'none') {
	for (const device of wanted.split(',')) {
		const gpu = known.find(({index, uuid}) => device === index || device === uuid);
		if (gpu === undefined) {
			fail(`device error: ${device}: unknown device`);
		} else {
			given.push(gpu);
		}
	}
}

// Inside a container the cards are counted from 0, in the order of the host.
given.sort((a, b) => Number(a.index) - Number(b.index));
const table = given.map(({uuid, name}, index) => `${index}, ${uuid}, ${name}\n`).join('');
const root = resolve(state.bundle, config.root.path);
mkdirSync(join(root, 'usr/bin'), {recursive: true});
const target = join(root, 'usr/bin/nvidia-smi');
writeFileSync(target, readFileSync(join(folder, 'nvidia-smi'), 'utf8').replace('@GPUS@', table.trimEnd()));
chmodSync(target, 0o755);
