import {findBox, ownerText} from '../box/list.ts';
import {askOwner} from '../box/up/tell-owner.ts';
import {openHost} from '../host/open-host.ts';
import {printJson} from './output/json.ts';

/** Asks the owner of another user's box something. @throws Failure */
export async function ask(
	name: string,
	words: string[],
	options: {host?: string | undefined; json?: true | undefined},
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	const box = await findBox(host, name, signal);
	const notes = await askOwner(host, box, words.join(' '));
	if (options.json) {
		printJson({box: box.name, id: box.id, owner: box.owner, notes});
		return;
	}

	for (const note of notes) {
		process.stderr.write(`${note}\n`);
	}

	process.stdout.write(`${ownerText(box)} is asked about ${box.name}\n`);
}
