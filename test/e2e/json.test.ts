import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {after, before, describe, test} from 'node:test';
import {dockerOf, makePerson, type Person, testHost} from '../_helpers/test-host/index.ts';

const host = testHost();
const document = readFileSync(new URL('../../docs/scripting.md', import.meta.url), 'utf8');
const examples = new Map(
	[...document.matchAll(/^### `gpubox (.*)`\n(?:(?!^###)[\s\S])*?^```json\n([\s\S]*?)^```/gm)].map(
		([, call = '', json = '']) => [call, JSON.parse(json) as unknown],
	),
);

let person: Person;
let remove: () => Promise<void>;

before(async () => {
	person = await makePerson(host, 'reader');
	const container = await dockerOf(host).createContainer({
		Image: host.images.bare,
		name: 'gpubox-reader-shape',
		Labels: {
			'gpubox.name': 'reader-shape',
			'gpubox.owner': 'reader',
			'gpubox.services': 'jupyter,ssh',
			'gpubox.gpus': '',
			'gpubox.port.jupyter': '18888',
			'gpubox.port.ssh': '12222',
		},
	});
	remove = () => container.remove({force: true});
});

after(async () => {
	await remove?.();
	await person?.remove();
});

/** What differs in shape, by paths. What one side leaves empty, or null, is not compared. */
function differences(documented: unknown, real: unknown, path = ''): string[] {
	if (Array.isArray(documented) && Array.isArray(real)) {
		return documented.length === 0 || real.length === 0 ? [] : differences(documented[0], real[0], `${path}[]`);
	}

	if (!isObject(documented) || !isObject(real)) {
		const comparable = documented !== null && real !== null;
		return comparable && kindOf(documented) !== kindOf(real) ? [`${path}: ${kindOf(documented)}, ${kindOf(real)}`] : [];
	}

	const names = new Set([...Object.keys(documented), ...Object.keys(real)]);
	return [...names].flatMap((name) =>
		name in documented && name in real
			? differences(documented[name], real[name], `${path}.${name}`)
			: [`${path}.${name} ${name in real ? 'is not documented' : 'is not there'}`],
	);
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
	return Array.isArray(value) ? 'array' : typeof value;
}

describe('JSON has the shape that docs/scripting.md shows', () => {
	for (const [call, pick] of [
		['gpus --json', undefined],
		['hosts --json', undefined],
		['ls --json', 'reader-shape'],
		['images --json', undefined],
		['doctor --json', undefined],
		['reap --json', undefined],
		['config --show-origin --json', undefined],
	] as const) {
		test(call, async () => {
			const {stdout} = await person.runGpubox(call === 'hosts --json' ? ['hosts', 'local', '--json'] : call.split(' '));
			const real = JSON.parse(stdout) as {boxes?: Array<{name: string}>};
			const wanted = pick ? {...real, boxes: real.boxes?.filter(({name}) => name === pick)} : real;
			assert.ok(examples.has(call));
			assert.deepEqual(differences(examples.get(call), wanted), []);
		});
	}
});

test('every verb with --json has an example', async () => {
	const {makeProgram} = await import('../../source/program.ts');
	const verbs = makeProgram().commands.filter(({options}) => options.some(({long}) => long === '--json'));
	for (const verb of verbs) {
		assert.match(document, new RegExp(`gpubox ${verb.name()} (?:[A-Za-z]+ )?--`), verb.name());
	}
});

test('what is done to a box, and read of it, has the shape that is documented', async () => {
	const name = 'reader-acted';
	const up = ['up', '--image', host.images.jupyter, '--gpus', 'none', '--name', name, '--json'];
	assert.equal((await person.runGpubox(up)).code, 0);
	for (const [verb, ...more] of [
		['open'],
		['stop', '--yes'],
		['start'],
		['restart', '--yes'],
		['rm', '--yes'],
	] as const) {
		const {stdout, stderr, code} = await person.runGpubox([verb, name, '--json', ...more]);
		assert.equal(code, 0, stderr);
		const example = examples.get(`${verb === 'open' ? 'open' : 'stop'} --json`);
		assert.deepEqual(differences(example, JSON.parse(stdout)), [], verb);
		assert.ok(stdout.includes(name));
		if (verb === 'stop') {
			const lines = (await person.runGpubox(['logs', name, '--json'])).stdout.trim().split('\n');
			for (const line of lines) {
				assert.deepEqual(differences(examples.get('logs --json'), JSON.parse(line)), [], line);
			}
		}
	}
});
