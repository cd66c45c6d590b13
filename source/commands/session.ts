import {setTimeout as sleep} from 'node:timers/promises';
import type {Box} from '../box/box.ts';
import {listBoxes} from '../box/list.ts';
import type {DemoHost} from '../demo/host.ts';
import {withReplayClock} from '../demo/replay/replay-clock.ts';
import {scenarioNames} from '../demo/scenario-names.ts';
import {askAhead} from '../engine/ahead.ts';
import {askForwarded} from '../engine/forwarded.ts';
import {startGpuFeed} from '../gpu/feed.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {runVerb} from '../run-verb.ts';
import type {RunOptions, UseCases} from '../session/index.tsx';
import type {Sourced} from '../settings/merge.ts';
import {formatDuration} from '../text/duration.ts';

/** A terminal on both sides that understands more than lines: an editor's shell, or a serial line, says that it does not. */
function canDraw(): boolean {
	const {TERM} = process.env;
	return process.stdin.isTTY && process.stdout.isTTY && TERM !== undefined && TERM !== '' && TERM !== 'dumb';
}

/**
Libraries that draw take such a variable as proof that no one watches, and leave out the colours, or everything. With a terminal on both
sides someone does. Before any of them is loaded.
*/
function forgetCi(): void {
	for (const name of ['CI', 'CONTINUOUS_INTEGRATION', 'TF_BUILD', 'TEAMCITY_VERSION']) {
		delete process.env[name];
	}
}

/** Without `--host` the settings are not read. */
async function resolved(
	hostName: string | undefined,
	signal: AbortSignal = new AbortController().signal,
): Promise<string | undefined> {
	const host =
		hostName === undefined ? undefined : await (await import('../app/hosts/listed.ts')).resolveHost(hostName);
	await askForwarded(host, signal);
	return host;
}

/** What the program hands to the session. */
type Given = Pick<RunOptions, 'readOnly' | 'loadVerbs'>;

/** `gpubox` without a verb: the session on a terminal that can show it, a plain report elsewhere. */
export async function openSession(hostName: string | undefined, given: Given): Promise<void> {
	if (!canDraw()) {
		await runVerb(async (signal) => {
			const {report} = await import('./output/status-report.ts');
			await report(openHost({host: await resolved(hostName, signal)}), signal);
			return undefined;
		});
		return;
	}

	forgetCi();
	let host: Host;
	let hostWord: string | undefined;
	try {
		hostWord = await resolved(hostName);
		host = openHost({host: hostWord, quiet: true});
	} catch (error) {
		await runVerb(() => Promise.reject(error));
		return;
	}

	// nvidia-smi starts, and the engine lists the boxes, while Ink is still being loaded.
	const feed = startGpuFeed(host.nvidiaSmi);
	host = {...host, engine: await askAhead(hostWord, new AbortController().signal, {questions: ['boxes']})};
	const early = listEarly(host);
	const [{runSession}, look] = await Promise.all([import('../session/index.tsx'), ownLook()]);
	// Drawing takes longer than this wait: with GPUs and boxes on the first picture there need not be a second one at once.
	await Promise.race([Promise.all([feed.firstNews, early.settled]), sleep(100)]);
	const folder = process.cwd();
	const code = await runSession(host, {
		...look,
		...given,
		...(hostWord === undefined ? {} : {hostWord}),
		folder,
		feed,
		boxes: early.boxes,
		demo: async () => makeDemo(undefined, given),
		openOther: async ({address}) => ({
			host: openHost({host: await resolved(address), quiet: true}),
			options: {...given, hostWord: address, folder},
		}),
	});
	leave(code);
}

/** The boxes as far as the engine was asked ahead for them; what goes wrong is found by the session when it asks itself. */
function listEarly(host: Host): {boxes: Box[] | undefined; settled: Promise<void>} {
	const early: ReturnType<typeof listEarly> = {boxes: undefined, settled: Promise.resolve()};
	if (host.engine.local) {
		early.settled = listBoxes(host).then(
			(boxes) => {
				early.boxes = boxes;
			},
			() => {},
		);
	}

	return early;
}

/** How the user wants the session to look; on the demo host, too. */
async function ownLook(): Promise<Pick<RunOptions, 'look' | 'alert' | 'own' | 'trouble'>> {
	const {sessionSettings} = await import('../app/session-settings.ts');
	const {trouble, ...settings} = await sessionSettings();
	return {...settings, ...(trouble ? {trouble: {message: trouble.message, fix: trouble.fix}} : {})};
}

/** What `gpubox demo` shows: a scenario by name or file, or a recording in a file. The first scenario when both are missing. */
export type Shown = {scenario?: string | undefined; replay?: string | undefined};

/** `gpubox demo`. */
export async function openDemo({scenario, replay}: Shown, given: Given): Promise<void> {
	if (canDraw()) {
		forgetCi();
	}

	let made: Awaited<ReturnType<typeof makeDemo | typeof makeReplay>>;
	try {
		made = await (replay === undefined ? makeDemo(scenario, given) : makeReplay(replay, given));
	} catch (error) {
		await runVerb(() => Promise.reject(error));
		return;
	}

	const {host, options} = made;
	if (!canDraw()) {
		await runVerb(async (signal) => {
			const {report} = await import('./output/status-report.ts');
			await report(host, signal, host.replay && aboutReplay(replayWords(host.replay)));
			return undefined;
		});
		await host[Symbol.asyncDispose]();
		return;
	}

	const [{runSession}, look] = await Promise.all([import('../session/index.tsx'), ownLook()]);
	const code = await runSession(host, {...look, ...options, ...otherHostsOf(host, given), ...replayOptions(host)});
	await host[Symbol.asyncDispose]();
	leave(code);
}

/** Where the scenario lists other hosts, one goes to them. */
function otherHostsOf(host: DemoHost, given: Given): Pick<RunOptions, 'openOther'> {
	return host.otherHosts.length === 0
		? {}
		: {
				async openOther({address}) {
					const {demoAddress, watchDemoHosts} = await import('./output/demo-hosts.ts');
					const {host: other, options} = await makeDemo(address.slice(demoAddress.length) || scenarioNames[0], given);
					const hosts: UseCases['hosts'] = (_, watch) => watchDemoHosts(host, watch);
					return {host: other, options: {...options, useCases: {...options.useCases, hosts}}};
				},
			};
}

/** As after `idle: {warnAfter: 2h}`. */
const demoWarnAfterMs = 2 * 3_600_000;

/** @throws Failure (usage) for a scenario that is none */
async function makeDemo(scenario: string | undefined, given: Given) {
	const [{makeDemoHost}, {scenarioFile}, {createTour}] = await Promise.all([
		import('../demo/host.ts'),
		import('../demo/read-scenario.ts'),
		import('../session/tour/index.tsx'),
	]);
	const host = await makeDemoHost(scenarioFile(scenario ?? scenarioNames[0]));
	// Who asks for a host of their own has seen the tour, or will ask for it.
	const tour = createTour({shown: scenario === undefined, failCard: host.failCard});
	return {host, options: {...optionsFor(host, given), tour}};
}

/** @throws Failure (usage) for a file that is no recording */
async function makeReplay(file: string, given: Given) {
	const {makeReplayHost} = await import('../demo/host.ts');
	const host = await makeReplayHost(file);
	return {host, options: optionsFor(host, given)};
}

/** What differs on the demo host. */
function optionsFor(host: DemoHost, given: Given) {
	let agreed: Sourced[] = [];
	return {
		...given,
		folder: process.cwd(),
		readHost: host.readHost,
		useCases: {
			async setup(given, folder) {
				const {setupInDemo} = await import('../app/setup/setup-demo.ts');
				return setupInDemo(given, folder, (settings) => {
					agreed = settings;
				});
			},
			async otherFolder(given) {
				const {otherFolderInDemo} = await import('../app/setup/setup-demo.ts');
				return otherFolderInDemo(given);
			},
			async checkHost(given, _, options) {
				const {checkDemoHost} = await import('./output/demo-doctor.ts');
				return checkDemoHost(given, options);
			},
			// Those of the machine that the demo host runs on are none of its.
			runsElsewhere: async () => [],
			findProcess: async (_, {pid}) => host.findProcess(pid),
			signalProcess: async (_, {pid}) => (host.engine.endProcess(pid) ? 'sent' : 'gone'),
			keepHistory: (_, history, signal) => host.fillPast(history, signal),
			async up(given, wish) {
				const {upHere} = await import('../app/up.ts');
				return upHere(given, {...wish, agreed});
			},
			async hosts(_, watch) {
				const {watchDemoHosts} = await import('./output/demo-hosts.ts');
				await watchDemoHosts(host, watch);
			},
			// The user's own settings say nothing about the demo host.
			idleLimits: async () => ({warnAfterMs: demoWarnAfterMs, stopAfterMs: undefined}),
		} satisfies Partial<UseCases>,
	};
}

/** The readings of a replay come at the time at which they were recorded. */
function replayOptions(host: DemoHost): Partial<Pick<RunOptions, 'feed' | 'now' | 'replay'>> {
	if (host.replay === undefined) {
		return {};
	}

	const {clock} = host.replay;
	return {now: clock, replay: replayWords(host.replay), feed: withReplayClock(startGpuFeed(host.nvidiaSmi), clock)};
}

function aboutReplay({when, length}: {when: string; length: string}): string {
	return `what was recorded ${when}, for ${length}`;
}

/** On the clock of this machine. */
function replayWords({fromMs, toMs}: {fromMs: number; toMs: number}): {when: string; length: string} {
	const at = new Date(fromMs);
	const two = (part: number) => String(part).padStart(2, '0');
	const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
	return {when: `${day} ${two(at.getHours())}:${two(at.getMinutes())}`, length: formatDuration(toMs - fromMs)};
}

/** A stream or a socket that a broken engine left open must not keep the shell waiting. */
function leave(code: number): never {
	process.exit(code);
}
