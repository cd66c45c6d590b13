import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import type {SetupOptions} from '../../source/app/setup/setup.ts';
import type {Box} from '../../source/box/box.ts';
import {App} from '../../source/session/app.tsx';
import {createSession} from '../../source/session/session.ts';
import {withFacts} from '../../source/session/state/store.ts';
import {createTour} from '../../source/session/tour/index.tsx';
import type {Download} from '../../source/setup/plan.ts';
import {safeText} from '../../source/text/safe.ts';
import {frameOf, frozenAt, inventoryOf, makeFeed, makeFrozenHost} from '../_helpers/demo.ts';
import {makeBox} from '../_helpers/make-box.ts';
import {render} from '../_helpers/render.tsx';
import {noUseCases} from '../_helpers/session.tsx';

const hostile = [
	'漢字のとても長い名前の箱',
	'👩‍👩‍👧‍👦 family',
	'e\u0301a\u0300 combining',
	'\u001B[2J\u001B]0;title\u0007cleared',
	'line\nbreak\ttab',
	'\u202Eright to left',
	'x'.repeat(300),
	'🇩🇪🇯🇵 flags',
	'ﷺ',
	'',
	'half\uFF76\uFF9E width',
];

const name = fc.oneof(
	fc.constantFrom(...hostile),
	fc.string({unit: 'grapheme', maxLength: 60}),
	fc.string({unit: 'binary', maxLength: 40}),
);

/** As the box room hands boxes over: names are made safe there. */
const box = fc.record({name, owner: name, image: name, project: name, running: fc.boolean()}).map(
	({running, ...texts}): Omit<Box, 'id'> =>
		makeBox({
			name: safeText(texts.name),
			owner: safeText(texts.owner),
			image: safeText(texts.image),
			project: safeText(texts.project),
			state: running ? 'running' : 'exited',
			services: ['jupyter', 'ssh'],
			addresses: running ? {jupyter: {host: '127.0.0.1', port: 8888}} : {},
			gpus: ['GPU-00000001'],
			createdAt: new Date(frozenAt.getTime() - 5_000_000),
		}),
);

const keys = fc.constantFrom(
	'j',
	'k',
	'\t',
	'\r',
	'l',
	'?',
	'\u001B',
	'x',
	'n',
	'i',
	'\u001B[5~',
	't',
	'\u001B[C',
	'\u001B[C',
	'4',
	'\u001B[200~/漢字👩‍👩‍👧‍👦e\u0301/x\u001B[201~',
);

test('no frame is wider or higher than the terminal, whatever things are called', async (t) => {
	const host = await makeFrozenHost();
	t.after(async () => host[Symbol.asyncDispose]());
	await fc.assert(
		fc.asyncProperty(
			fc.integer({min: 40, max: 210}),
			fc.integer({min: 10, max: 62}),
			fc.integer({min: 0, max: 17}),
			fc.array(box, {maxLength: 12}),
			fc.array(name, {maxLength: 20}),
			fc.constantFrom('', 'n', 'n1', 'n11', 'n113'),
			fc.array(keys, {maxLength: 6}),
			async (columns, rows, gpus, boxes, lines, first, typed) => {
				const feed = makeFeed();
				const inventory = inventoryOf(gpus, safeText(lines[0] ?? 'NVIDIA H100'));
				feed.tell({kind: 'inventory', inventory});
				feed.tell({kind: 'frame', frame: frameOf(inventory, 0, [1])});
				// The facts are set by hand here, so nothing may come from the sources.
				const quiet = {...host, engine: {...host.engine, events: never, logs: never, listContainers: never}};
				const session = createSession(quiet, feed, {
					folder: '/home/dora',
					readHost: host.readHost,
					useCases: {...noUseCases, images: async () => [], setup: async () => strangeSetup(lines)},
					now: () => frozenAt,
					// On every other terminal there is the tour, too.
					...(columns % 2 === 0 ? {tour: createTour({shown: true, failCard() {}})} : {}),
				});
				session.store.changeNow(
					withFacts(() => ({
						box: {
							phase: 'live',
							boxes: boxes.map((each, id) => ({...each, id: String(id).padStart(64, '0')})),
							problem: undefined,
							age: undefined,
							connection: 1,
						},
						message: {kind: 'failure', text: safeText(lines[1] ?? ''), fix: safeText(lines[2] ?? '')},
						tasks: lines[3] === undefined ? [] : [{id: 1, title: safeText(lines[3]), step: 'x', share: 0.5}],
					})),
				);
				session.log.push(0, {stream: 'stdout', data: Buffer.from(lines.map((line) => `${line}\n`).join(''))});
				const shown = render(<App session={session} />, {columns, rows});
				try {
					for (const key of [...first, ...typed]) {
						shown.type(key);
						// What was asked for comes in between.
						await new Promise((resolve) => setImmediate(resolve));
					}

					for (const frame of shown.frames()) {
						const drawn = frame.replace(/\n$/, '').split('\n');
						assert.ok(drawn.length <= rows, `${drawn.length} lines on ${rows}:\n${frame}`);
						for (const line of drawn) {
							assert.ok(
								stringWidth(line) <= columns,
								`${stringWidth(line)} columns on ${columns}: ${JSON.stringify(line)}`,
							);
							// A pane whose edge is out of place was pushed there by what is in it. About marks on foreign letters
							// the ways to count columns differ, as terminals do.
							if (/^[│╭╰]/.test(line) && !/\p{M}/u.test(line)) {
								assert.ok(/[│╮╯]$/.test(line) && stringWidth(line) === columns, JSON.stringify(line));
							}

							assert.doesNotMatch(line, /[\u0000-\u001F\u007F-\u009F]/);
						}
					}
				} finally {
					shown.unmount();
					await session.stop();
				}
			},
		),
		{numRuns: 60},
	);
});

/** Folders, images and people's answers with strange names. */
function strangeSetup(lines: string[]): SetupOptions {
	const text = safeText(lines[4] ?? 'x');
	return {
		recall: async () => ({file: undefined, draft: lines.length % 2 === 0 ? {} : {use: 'editor', gpus: text || '1'}}),
		folders: async () => lines.slice(0, 3).map((line) => `/${safeText(line)}`),
		look: async () => ({
			file: `/home/${text}/gpubox.yaml`,
			image: text,
			why: safeText(lines[5] ?? ''),
			downloads: new Map<string, Download>([[text, lines.length]]),
			canStart: lines.length % 3 > 0,
			troubles: lines.slice(6, 8).map((line) => ({message: safeText(line), fix: text})),
		}),
		check: async (folder) => (lines.length % 2 === 0 ? {path: folder} : {fault: `No such folder ${safeText(folder)}`}),
		keep: async () => {},
		write: async () => text,
	};
}

/** A call that never answers, but lets go when it is told to. */
function never(...given: unknown[]): never {
	const signal = given.map(signalIn).find((each) => each !== undefined);
	const endless = new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
	endless.catch(() => {});
	return Object.assign(endless, {
		[Symbol.asyncIterator]: () => ({next: async () => endless}),
	}) as unknown as never;
}

function signalIn(value: unknown): AbortSignal | undefined {
	return typeof value === 'object' && value !== null && 'signal' in value && value.signal instanceof AbortSignal
		? value.signal
		: undefined;
}
