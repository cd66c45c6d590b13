/** What is asked before something is done to a container that is not a box. Pure. */

export type ContainerAction = {
	type: 'container';
	/** As the keys of a box are called: on a box they do the same. */
	does: 'attach' | 'stop-or-start' | 'ask-remove' | 'open';
};

/** What is done after a yes. */
export type ContainerDeed = 'stop' | 'start' | 'enter';

export type ContainerEffect =
	| {type: 'stop-container' | 'start-container' | 'enter-container'; id: string; name: string}
	| {type: 'say'; text: string; fix: string};

export type ContainerSituation = {
	id: string;
	name: string;
	/** In words, with what it is known from. */
	owner: string;
	box: boolean;
	/** It holds GPUs or a place for a box that is being started. */
	claim: boolean;
	running: boolean;
};

type Asked = {
	asking?: {what: 'container'; does: ContainerDeed; id: string; name: string; owner: string};
	effects: ContainerEffect[];
};

export function askAboutContainer(
	does: ContainerAction['does'],
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

export function deedOf({does, id, name}: {does: ContainerDeed; id: string; name: string}): ContainerEffect {
	return {type: `${does}-container`, id, name};
}

/** The question in words. */
export function containerQuestion({does, name, owner}: {does: ContainerDeed; name: string; owner: string}): string {
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
