import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {describe, test} from 'node:test';
import {commandLinesFor} from '../../../../source/session/state/command-log/command-lines.ts';
import {scopesOf} from '../../../../source/session/state/key-hints.ts';
import {actionFor, bindings, tableOf} from '../../../../source/session/state/keymap.ts';
import {whyNot} from '../../../../source/session/state/keys/here.ts';
import {type Facts, noFacts} from '../../../../source/session/state/model.ts';
import {actionName, actionNames} from '../../../../source/session/state/own/action-names.ts';
import {runInBackground} from '../../../../source/session/state/own/effects.ts';
import {keyFromSetting, meet, withOwnKeys} from '../../../../source/session/state/own/key-table.ts';
import {faultMessage, ownTable} from '../../../../source/session/state/own/own.ts';
import {
	callFor,
	type OwnCommand,
	type OwnValues,
	readOwnCommand,
} from '../../../../source/session/state/own/own-commands.ts';
import {ownQuestion} from '../../../../source/session/state/own/reduce-own.ts';
import {ownValues} from '../../../../source/session/state/own/select-own.ts';
import {selectPalette} from '../../../../source/session/state/palette/select-palette.ts';
import {firstView, reduce, type View} from '../../../../source/session/state/reduce.ts';
import {merge, toSettings} from '../../../../source/settings/merge.ts';
import {readSettings} from '../../../../source/settings/read.ts';
import {makeBox} from '../../../_helpers/make-box.ts';
import {situation} from '../_situation.ts';

const find = (given: Record<string, unknown>, key: string) =>
	actionFor(key, ['boxes', 'main', 'views', 'own', 'anywhere'], tableOf(withOwnKeys(bindings, given).bindings));

describe('own keys', () => {
	test('a key of the session moves, and arrows, Esc and numbers stay', () => {
		assert.deepEqual(find({restart: 'K'}, 'K'), {type: 'ask-restart'});
		assert.equal(find({restart: 'K'}, 'R'), undefined);
		assert.deepEqual(find({images: 'ctrl+g'}, 'ctrl+g'), {type: 'images'});
		assert.deepEqual(find({images: 'ctrl+g'}, '5'), {type: 'images'});
		assert.equal(find({remove: 'none'}, 'x'), undefined);
	});
	test('two keys change places', () => {
		const {faults} = withOwnKeys(bindings, {restart: 'x', remove: 'R'});
		assert.deepEqual(faults, []);
		assert.deepEqual(find({restart: 'x', remove: 'R'}, 'x'), {type: 'ask-restart'});
		assert.deepEqual(find({restart: 'x', remove: 'R'}, 'R'), {type: 'ask-remove'});
	});
	test('what cannot be is refused with its reason, and costs that entry only', () => {
		for (const [given, expected] of [
			[{restrat: 'K'}, /no such action/],
			[{restart: 'q'}, /"?q"? is taken by "Leave"/],
			[{'stop-or-start': 'S'}, /taken by "Save to a file"/],
			[{restart: 'ctrl+c'}, /not a key/],
			[{restart: 'f5'}, /not a key/],
			[{restart: ''}, /not a key/],
			[{restart: {a: 1}}, /not a key/],
			[{restart: '\u001B'}, /not a key/],
		] as const) {
			const {faults, bindings: table} = withOwnKeys(bindings, {...given, remove: 'X'});
			assert.equal(faults.length, 1, JSON.stringify(given));
			assert.match(faults[0]?.message ?? '', expected);
			assert.deepEqual(actionFor('X', ['main'], tableOf(table)), {type: 'ask-remove'});
			assert.deepEqual(actionFor('R', ['main'], tableOf(table)), {type: 'ask-restart'});
		}
	});
	test('a key of every list is refused where one of the lists has it', () => {
		assert.match(
			withOwnKeys(bindings, {remove: 'X', sort: 'x'}).faults[0]?.message ?? '',
			/taken by "Forget your value"/,
		);
	});
	test('of two that want the same key the first has it', () => {
		const {faults} = withOwnKeys(bindings, {restart: 'K', remove: 'K'});
		assert.deepEqual(
			faults.map(({where}) => where),
			['keys.remove'],
		);
	});
	test('keys have the names of the key table', () => {
		assert.deepEqual(
			['K', 'é', 'space', 'Ctrl-R', 'ctrl+g', 'ctrl+i', 'esc', 'ab', ' ', '\u202E'].map(keyFromSetting),
			['K', 'é', 'space', 'ctrl+r', 'ctrl+g', undefined, undefined, undefined, undefined, undefined],
		);
	});
	test('every name is one of the key table, and the document has them all', () => {
		const document = readFileSync(new URL('../../../../docs/session.md', import.meta.url), 'utf8');
		const [, section = ''] = document.split('## Your own keys');
		const listed = [...(section.split('## ')[0] ?? '').matchAll(/^\| `([a-z-]+)` /gm)].map(([, name]) => name);
		assert.deepEqual(listed, [...actionNames]);
		for (const name of actionNames) {
			assert.ok(
				bindings.some(({action}) => actionName(action) === name),
				name,
			);
		}
	});
});

const values: OwnValues = {box: 'dora-train', id: 'a1', gpu: 'GPU-1', folder: "/home/dora/it's; $(x)", image: 'x/y:1'};

function command(given: Record<string, unknown>): OwnCommand {
	const read = readOwnCommand({name: 'Top', ...given}, 1);
	assert.ok(!('message' in read), JSON.stringify(read));
	return read;
}

describe('own commands', () => {
	test('values are arguments and variables, and no shell reads them', () => {
		const call = callFor(command({command: 'du -sh --path={folder} "two words"'}), values, {});
		assert.ok(typeof call === 'object');
		assert.deepEqual(call.words, ['du', '-sh', `--path=${values.folder}`, 'two words']);
		assert.deepEqual(call.environment, {GPUBOX_FOLDER: values.folder});
		const shell = callFor(command({command: `sh -c 'du "$GPUBOX_FOLDER"'`}), values, {});
		assert.ok(typeof shell === 'object');
		assert.deepEqual(shell.words, ['sh', '-c', 'du "$GPUBOX_FOLDER"']);
		assert.deepEqual(shell.environment, {GPUBOX_FOLDER: values.folder});
	});
	test('a placeholder inside the text for a shell is refused', () => {
		for (const line of [
			`sh -c 'docker top {id}'`,
			'bash -lc {id}',
			'bash -ce {id}',
			'docker exec a1 /bin/sh -c -x {id}',
			'bash -ce -o pipefail {id}',
			'bash -euo pipefail -c {id}',
			'bash --rcfile /dev/null -c +o errexit {id}',
			'sh -c{id}',
			'psql --command={id}',
			'ssh gpu2 "ls {folder}"',
			'{box} x',
			'echo {boxx}',
			`a 'b`,
		]) {
			assert.ok('message' in readOwnCommand({name: 'x', command: line}, 1), line);
		}
	});
	test('after the text for a shell a placeholder is an argument of it', () => {
		command({command: `sh -c 'docker top "$1"' top {id}`});
		command({command: 'docker exec {id} bash'});
	});
	test('a GPU that was chosen and is gone is not replaced by another', () => {
		const gpu = {...start.gpu, readings: [{uuid: 'GPU-1'}, {uuid: 'GPU-2'}]} as Facts['gpu'];
		const of = (gpuUuid: string | undefined) => ownValues({...start, gpu}, {...firstView, gpuUuid}).gpu;
		assert.equal(of(undefined), 'GPU-1');
		assert.equal(of('GPU-2'), 'GPU-2');
		assert.equal(of('GPU-0'), undefined);
	});
	test('values that could be read as something else are not passed', () => {
		const read = command({command: 'docker logs {box} {folder}'});
		assert.match(String(callFor(read, {...values, box: '--help'}, {})), /not passed/);
		assert.match(String(callFor(read, {...values, owner: 'bob'}, {})), /not passed/);
		assert.equal(typeof callFor(read, {...values, folder: '/home/bob/x y', owner: 'bob'}, {}), 'object');
	});
	test('what a prompt begins with is safe to draw', () => {
		const {prompts} = command({
			command: 'echo {n}',
			prompts: [{name: 'n', text: 'a\u001B[2Jb', initial: '1\u001B[2J0'}],
		});
		assert.deepEqual(prompts, [{name: 'n', text: 'ab', initial: '10'}]);
	});
	test('entries with mistakes are told by name, the others work', () => {
		const {bindings: table, faults} = ownTable(bindings, {
			commands: [
				{name: 'Top', key: 'V', command: 'docker top {id}'},
				{name: 'Taken', key: 'q', command: 'true'},
				{name: 'Twice', key: 'V', command: 'true'},
				{name: 'Odd', key: '\u001B[2JF5', command: 'true'},
				'nvtop',
				{name: '\u001B[31mFlag', command: 'true', background: 'yes'},
				{name: 'Prompt', command: 'echo {n}', prompts: [{name: 'id'}]},
			],
		});
		assert.deepEqual(
			faults.map(({message}) => message),
			[
				'command "Taken": q is taken by "Leave".',
				'command "Twice": V is taken by "Top".',
				'command "Odd": "F5" is not a key that can be typed here.',
				'commands, entry 5: it needs a name and a command.',
				'command "Flag": background must be true or false.',
				'command "Prompt": its prompts are not a list of {"name": "lines", "text": "How many lines", "initial": "100"}.',
			],
		);
		assert.match(faultMessage(faults)?.fix ?? '', /and 5 more/);
		assert.deepEqual(
			table.filter(({scope}) => scope === 'own').map(({label, keys}) => [label, ...keys]),
			[['Top', 'V'], ['Taken'], ['Twice'], ['Odd']],
		);
	});
});

const start = noFacts({demo: false, engineAddress: 'unix:///x', person: 'dora', folder: '~/thesis'});
const box = makeBox({id: 'a1', name: 'dora-train', mine: true, state: 'running'});
const factsWith = (...commands: unknown[]): Facts => ({
	...start,
	keys: tableOf(ownTable(bindings, {commands}).bindings),
	box: {...start.box, phase: 'live', boxes: [box]},
});

describe('the key of an own command', () => {
	const press = (facts: Facts, key: string, view: View = firstView, given: OwnValues = values) => {
		const action = actionFor(key, scopesOf(view), facts.keys);
		assert.ok(action !== undefined, key);
		return reduce(view, action, {...situation, own: () => given});
	};
	test('starts it, and the command log has it as one would type it', () => {
		const facts = factsWith({name: 'Top', key: 'V', command: 'docker top {id}'});
		const {effects} = press(facts, 'V');
		assert.deepEqual(effects[0]?.type, 'run-own');
		assert.deepEqual(effects[0] && commandLinesFor(effects[0], facts), ['docker top a1']);
	});
	test("asks what the command asks for, one after another, and where it is another user's", () => {
		const facts = factsWith({
			name: 'Tail',
			key: 'V',
			command: 'docker logs {id} -n {n}',
			prompts: [{name: 'n', initial: '7'}],
		});
		const open = press(facts, 'V', firstView, {...values, owner: 'bob'}).view;
		assert.deepEqual(open.own?.field, {before: '7', after: ''});
		const typed = reduce(open, {type: 'type', typed: {insert: '0'}}, situation).view;
		const asked = press(facts, 'enter', typed).view;
		assert.equal(asked.own, undefined);
		assert.ok(asked.asking?.what === 'own');
		assert.equal(ownQuestion(asked.asking), 'Tail on dora-train (owner: bob)? docker logs a1 -n 70');
		assert.deepEqual(press(facts, 'enter', asked).effects, [], 'not before y');
		const {effects} = press(facts, 'enter', press(facts, 'y', asked).view);
		assert.equal(effects[0]?.type, 'run-own');
		assert.equal(press(facts, 'escape', open).view.own, undefined);
		const ofContainer = press(factsWith({name: 'Top', key: 'V', command: 'docker top {id}'}), 'V', firstView, {
			id: 'c1',
			owner: 'redis, not a box; bob',
		}).view.asking;
		assert.ok(ofContainer?.what === 'own');
		assert.equal(ownQuestion(ofContainer), 'Top on redis, not a box; bob? docker top c1');
	});
	test('asks on a GPU that others hold or compute on, or of which that is not known', () => {
		const facts = factsWith({name: 'Reset', key: 'V', command: 'sudo nvidia-smi --gpu-reset -i {gpu}'});
		const pressed = (gpuUsers: string | undefined) =>
			press(facts, 'V', firstView, {...values, ...(gpuUsers === undefined ? {} : {gpuUsers})});
		assert.equal(pressed(undefined).effects[0]?.type, 'run-own');
		const {asking} = pressed('in use: box bob-train of bob').view;
		assert.ok(asking?.what === 'own');
		assert.match(ownQuestion(asking), /^Reset on a GPU \(in use: box bob-train of bob\)\? sudo/);
		const other = factsWith({name: 'Top', key: 'V', command: 'docker top {id}'});
		assert.equal(press(other, 'V', firstView, {...values, gpuUsers: 'in use'}).effects[0]?.type, 'run-own');

		const process = {gpuUuid: 'GPU-1', pid: 7, user: 'bob', box: null};
		const usersOf = (given: object, boxes: Facts['box']['boxes'] = []) => {
			const gpu = {...start.gpu, readings: [{uuid: 'GPU-1'}], processesUnknown: false, ...given} as Facts['gpu'];
			return ownValues({...start, gpu, box: {...start.box, boxes}}, firstView).gpuUsers;
		};
		assert.equal(usersOf({}), undefined);
		assert.equal(usersOf({processes: [{...process, user: 'dora'}]}), undefined);
		assert.equal(usersOf({processes: [process, {...process, pid: 8}]}), 'in use: process 7 of bob and 1 more');
		assert.equal(usersOf({processes: [{...process, user: null}]}), 'in use: process 7 of an unknown user');
		assert.equal(usersOf({processesUnknown: true}), 'its processes are not known');
		const bobs = makeBox({name: 'bob-train', owner: 'bob', mine: false, gpus: ['GPU-1']});
		assert.equal(usersOf({processes: [{...process, box: 'bob-train'}]}, [bobs]), 'in use: box bob-train of bob');
		assert.equal(usersOf({}, [{...bobs, mine: true}]), undefined);
	});
	test('starts nothing where the key does nothing: a box of the demo may have the name of a real one', () => {
		const facts: Facts = {...factsWith({name: 'End', key: 'V', command: 'docker rm {box}'}), demo: true};
		const action = actionFor('V', scopesOf(firstView), facts.keys);
		assert.ok(action !== undefined);
		const {effects} = reduce(firstView, action, {
			...situation,
			own: () => values,
			refusal: (each) => whyNot(each, facts, firstView),
		});
		assert.deepEqual(
			effects.map(({type}) => type),
			['say'],
		);
	});
	test('does nothing where nothing is chosen, in the demo and read-only, and says why', () => {
		const facts = factsWith({name: 'Top', key: 'V', command: 'docker top {id}'});
		const item = (within: Facts, view: View = firstView) =>
			selectPalette(within, {...view, palette: {field: {before: 'Top', after: ''}, cursor: 0, fault: ''}}).find(
				({label}) => label === 'Top',
			);
		assert.equal(item(facts)?.whyNot, undefined);
		assert.equal(item(facts)?.note, 'V');
		assert.match(item({...facts, demo: true})?.whyNot ?? '', /real host/);
		assert.match(item({...facts, readOnly: true})?.whyNot ?? '', /read-only/);
		assert.match(item(facts, {...firstView, screen: 'people'})?.whyNot ?? '', /no \{id\}/);
		const action = actionFor('V', scopesOf(firstView), facts.keys);
		assert.ok(action);
		assert.equal(whyNot(action, facts, firstView), undefined);
	});
});

test('keys that work at the same time are known to meet', () => {
	const log = {...firstView.log, search: 'x'};
	const views: Array<Partial<View>> = [
		...(['main', 'log', 'box', 'gpu', 'images', 'hosts', 'help', 'events', 'doctor', 'commands', 'setup'] as const).map(
			(screen) => ({screen}),
		),
		...(['containers', 'processes', 'people', 'disk', 'settings'] as const).map((screen) => ({screen})),
		{focus: 'side', side: 'log', log},
		{screen: 'log', log},
		{config: {setting: {} as never, field: undefined, cursor: 0, fault: ''}},
		{config: {setting: {} as never, field: {before: '', after: ''}, cursor: 0, fault: ''}},
		{palette: {field: {before: '', after: ''}, cursor: 0, fault: ''}},
		{menu: {} as never},
		{asking: {what: 'quit'} as never},
	];
	const tour = {shown: true, step: 0, part: 0};
	for (const view of views.flatMap((each) => [each, {...each, tour}])) {
		const scopes = scopesOf({...firstView, ...view});
		for (const one of scopes) {
			for (const other of scopes) {
				assert.ok(meet(one, other), `${one} and ${other} in ${JSON.stringify(view)}`);
			}
		}
	}
});

test('a command in the background is done when it ended, whatever it left running', async () => {
	const signal = AbortSignal.timeout(20_000);
	const words = ['sh', '-c', 'echo begun; setsid sleep 30 & echo $!; exit 3'];
	const {output, how} = await runInBackground({words, environment: {}}, signal);
	const [first, pid] = output.split('\n');
	assert.deepEqual([first, how], ['begun', 'exit code 3']);
	process.kill(Number(pid), 'SIGKILL');
});

describe('the settings', () => {
	const read = (value: unknown, place: 'personal' | 'gpubox.yaml') =>
		readSettings(JSON.stringify(value), {place, shownAs: 'config.json', base: '/'});
	test('take keys and commands from the personal config, mistakes in single entries too', () => {
		const given = {keys: {restart: 'K', nonsense: 5}, commands: [{name: 'a', command: 'x'}, {name: 'b'}, 'c']};
		const {settings, mistakes} = read(given, 'personal');
		assert.deepEqual(mistakes, []);
		assert.deepEqual(toSettings(merge([settings])), given);
	});
	test('and from no project', () => {
		for (const value of [{keys: {restart: 'K'}}, {commands: [{name: 'a', command: 'rm -rf x'}]}]) {
			const {settings, mistakes} = read(value, 'gpubox.yaml');
			assert.deepEqual(settings, []);
			assert.match(mistakes[0]?.message ?? '', /cannot be set in a project/);
		}
	});
});
