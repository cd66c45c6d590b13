/** What is asked before something is done to a container that is not a box, or the log of one is read. Pure. */
import type {ListName} from '../lists/reduce-lists.ts';

export type ContainerAction = {
	type: 'container';
	/** As the keys of a box are called: on a box they do the same. */
	does: 'attach' | 'stop-or-start' | 'ask-remove' | 'open' | 'log';
};

/** What is done after a yes. */
export type ContainerDeed = 'stop' | 'start' | 'enter' | 'read';

export type ContainerEffect =
	| {type: 'stop-container' | 'start-container' | 'enter-container'; id: string; name: string}
	| {type: 'say'; text: string; fix: string};

export type ContainerSituation = {
	id: string;
	name: string;
	/** In words, with what it is known from. */
	owner: string;
	/** The user's own, as a box of theirs or by what runs in it. */
	mine: boolean;
	box: boolean;
	/** It holds GPUs or a place for a box that is being started. */
	claim: boolean;
	running: boolean;
};

/** A container whose log is shown, and the list that one came from. */
export type LoggedContainer = {id: string; name: string; back: ListName | 'box'};

/** A box of another user whose log is neither shown nor read yet: the user has to agree first, once for each box in a session. */
export type UnreadLog = {id: string; name: string; owner: string};

type Asked = {
	asking?: {what: 'container'; does: ContainerDeed; id: string; name: string; owner: string};
	effects: ContainerEffect[];
};

export function askAboutContainer(
	does: Exclude<ContainerAction['does'], 'log'>,
	{id, name, owner, claim, running}: ContainerSituation,
): Asked {
	const say = (text: string, fix: string): Asked => ({effects: [{type: 'say', text, fix}]});
	if (claim) {
		return say(`${name} holds the place of a box`, 'gpubox removes it when that is done');
	}

	const ask = (deed: ContainerDeed): Asked => ({
		asking: {what: 'container', does: deed, id, name, owner},
		effects: [],
	});
	switch (does) {
		case 'attach': {
			return running ? ask('enter') : say(`${name} is stopped`, 's starts it');
		}

		case 'stop-or-start': {
			return ask(running ? 'stop' : 'start');
		}

		case 'ask-remove': {
			return say(`${name} is not a box: gpubox does not remove it`, `With docker: docker rm ${name}`);
		}

		case 'open': {
			return say(`${name} is not a box: gpubox knows no address of it`, `Its ports: docker port ${name}`);
		}
	}
}

/** What is asked before a log is read; undefined where nothing is: what someone's program writes is theirs. */
export function askToRead(
	{id, name, owner, mine}: Pick<ContainerSituation, 'id' | 'name' | 'owner' | 'mine'>,
	readable: readonly string[],
): NonNullable<Asked['asking']> | undefined {
	return mine || readable.includes(id) ? undefined : {what: 'container', does: 'read', id, name, owner};
}

export function deedOf({
	does,
	id,
	name,
}: {
	does: Exclude<ContainerDeed, 'read'>;
	id: string;
	name: string;
}): ContainerEffect {
	return {type: `${does}-container`, id, name};
}

/** The question in words. */
export function containerQuestion({does, name, owner}: {does: ContainerDeed; name: string; owner: string}): string {
	if (does === 'read') {
		return `Read the log of ${name} (${owner})?`;
	}

	const whose = `${name} (not a box; ${owner})`;
	switch (does) {
		case 'stop': {
			return `Stop ${whose}?`;
		}

		case 'start': {
			return `Start ${whose}?`;
		}

		case 'enter': {
			return `Open a shell in ${whose}?`;
		}
	}
}
