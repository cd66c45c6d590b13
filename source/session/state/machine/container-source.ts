import {isClaim} from '../../../box/gpus/process-names.ts';
import type {Container} from '../../../engine/engine.ts';
import {safeText, shorten} from '../../../text/safe.ts';
import type {Context} from '../context.ts';
import {followList} from '../follow-list.ts';
import {problemOf} from '../model.ts';
import {onChange, withFacts} from '../store.ts';
import type {DiskState, ListedContainer} from './machine.ts';
import {listOnScreen, sortAgain} from './select-lists.ts';

/** Characters of a foreign text that are kept: more than any screen shows. */
const longestText = 300;
/** Milliseconds between two times that a list sorts itself. */
const sortMs = 3000;

/** Lists all containers while a screen shows them, and at no other time; sorts what moves now and then. */
export function followMachine(context: Context): void {
	const {store, signal, tasks} = context;
	let watching: AbortController | undefined;
	onChange(
		store,
		// Whether a container goes on decides what the end of its log means.
		({view}) => listOnScreen(view) ?? view.logOf?.back,
		(shown) => {
			watching?.abort();
			watching = shown === undefined || shown === 'settings' ? undefined : new AbortController();
			if (watching) {
				const watchSignal = AbortSignal.any([signal, watching.signal]);
				tasks.track(followContainers(context, watchSignal));
				sortNowAndThen(context, watchSignal);
				if (shown === 'disk') {
					tasks.track(measure(context, watchSignal));
				}
			}
		},
	);
}

async function followContainers({host, store, fail}: Context, signal: AbortSignal): Promise<void> {
	store.change(
		withFacts(({machine}) => ({
			machine: {...machine, phase: machine.phase === 'unasked' ? 'waiting' : machine.phase},
		})),
	);
	await followList<ListedContainer>(
		{
			engine: host.engine,
			list: async (listSignal) => (await host.engine.listContainers({signal: listSignal})).map(toListed),
			concerns: () => true,
			phase() {
				const {phase} = store.get().facts.machine;
				return phase === 'unasked' ? undefined : phase;
			},
			tell({items, reached: _, ...news}) {
				store.change(
					withFacts(({machine}) => ({
						machine: {...machine, ...news, ...(items === undefined ? {} : {containers: items})},
					})),
				);
			},
		},
		signal,
	).catch(fail);
}

/** Measures once, each time that the screen is entered. */
async function measure({host, store, useCases}: Context, signal: AbortSignal): Promise<void> {
	const change = (disk: Partial<DiskState>) =>
		store.change(withFacts(({machine}) => ({machine: {...machine, disk: {...machine.disk, ...disk}}})));
	change({phase: 'waiting', problem: undefined});
	try {
		change({phase: 'known', disk: await useCases.disk(host, signal)});
	} catch (error) {
		if (!signal.aborted) {
			change({phase: 'failed', problem: problemOf(error, host.engine.address)});
		}
	}
}

/** As the engine lists it, safe to print. */
function toListed({id, name, image, state, createdAt, labels, hostPaths = []}: Container): ListedContainer {
	const project = labels['com.docker.compose.project.working_dir'];
	const safe = (text: string) => shorten(safeText(shorten(text, longestText)), longestText);
	return {
		id,
		name: safe(name),
		image: safe(image),
		state,
		createdAt,
		claim: isClaim({labels}),
		folders: [...(project ? [project] : []), ...hostPaths].map(safe),
	};
}

function sortNowAndThen({store}: Context, signal: AbortSignal): void {
	const timer = setInterval(() => {
		store.changeLazily((state) => sortAgain(state, new Date()));
	}, sortMs);
	timer.unref();
	signal.addEventListener('abort', () => clearInterval(timer), {once: true});
}
