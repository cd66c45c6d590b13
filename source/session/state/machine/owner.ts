import {ownerText} from '../../../box/list.ts';
import type {Facts} from '../model.ts';
import type {ListedContainer} from './machine.ts';

/** Whose a container seems to be. The engine keeps no owner: what is known is from a box, from the kernel, or guessed from a folder. */
export type ContainerOwner = {
	name: string;
	/** `folder`: it mounts something of that home, which says little. */
	from: 'box' | 'process' | 'folder';
	/** What it is known from, in words. */
	evidence: string;
	mine: boolean;
};

/** Whose it is; undefined when nothing says so. Pure. */
export function ownerOf(
	container: Pick<ListedContainer, 'id' | 'folders'>,
	{box, gpu, person}: Pick<Facts, 'box' | 'gpu' | 'person'>,
): ContainerOwner | undefined {
	const found = box.boxes.find(({id}) => id === container.id);
	if (found !== undefined) {
		return {name: ownerText(found), from: 'box', evidence: 'its box', mine: found.mine};
	}

	const running = gpu.processes.find(({container: inside, user}) => inside?.id === container.id && user !== null);
	const user = running?.user ?? undefined;
	// As root runs what no one said otherwise about.
	if (running !== undefined && user !== undefined && user !== 'root') {
		return {name: user, from: 'process', evidence: `process ${running.pid} runs as ${user}`, mine: user === person};
	}

	for (const folder of container.folders) {
		const home = /^\/home\/([^/]+)/.exec(folder)?.[1];
		if (home !== undefined) {
			return {name: home, from: 'folder', evidence: `uses ${folder}`, mine: false};
		}
	}

	return user === undefined || running === undefined
		? undefined
		: {name: user, from: 'process', evidence: `process ${running.pid} runs as ${user}`, mine: false};
}

/** For a column: what is only guessed is marked. */
export function ownerWord(owner: ContainerOwner | undefined): string {
	return owner === undefined ? '' : owner.from === 'folder' ? `${owner.name}?` : owner.name;
}

/** For a question: whose it is, and how one knows. */
export function ownerInWords(owner: ContainerOwner | undefined): string {
	if (owner === undefined) {
		return 'owner unknown';
	}

	return owner.from === 'folder' ? `owner unknown, ${owner.evidence}` : `owner: ${owner.name}`;
}
