import type {Context} from '../context.ts';
import {lendToShell} from '../shell.ts';
import {type Done, isBusy} from '../tasks.ts';

type About = {id: string; name: string};

/** Of a container that is not a box; its user was asked. */
export function stopContainer(context: Context, about: About): void {
	startOn(context, about, `Stopping ${about.name}`, async ({host, signal}) => {
		await host.engine.stopContainer(about.id, {signal});
		return {text: `${about.name} is stopped`, fix: 's starts it again'};
	});
}

export function startContainer(context: Context, about: About): void {
	startOn(context, about, `Starting ${about.name}`, async ({host, signal}) => {
		await host.engine.startContainer(about.id, signal);
		return {text: `${about.name} is running again`};
	});
}

function startOn(context: Context, {id, name}: About, title: string, run: (context: Context) => Promise<Done>): void {
	const {store, tasks, say} = context;
	if (isBusy(store.get().facts.tasks, id)) {
		say('note', `A task is already running on ${name}.`);
	} else {
		tasks.start(title, {boxId: id}, async () => run(context));
	}
}

/** A shell in a container that is not a box, in the folder that its image names. */
export function enterContainer(context: Context, {id, name}: About): void {
	lendToShell(context, name, async () => {
		const {attachToBox} = await import('../../../box/attach.ts');
		return {
			greeting: `A shell in ${name}: exit ends it, Ctrl-P Ctrl-Q leaves it running.`,
			run: () => attachToBox(context.host.engine, id, [], process, undefined, null),
		};
	});
}
