import {forEachBox} from '../app/for-each-box.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {ownerText} from '../box/list.ts';
import {removeBox} from '../box/up/remove-box.ts';
import {openHost} from '../host/open-host.ts';

export async function rm(
	names: string[],
	options: {host?: string | undefined; yes?: true | undefined},
	signal: AbortSignal,
): Promise<void> {
	const host = openHost(options);
	await forEachBox(
		host,
		names,
		signal,
		async (box) => {
			if (box.job && box.mine) {
				const {removeJob} = await import('../app/runs/remove.ts');
				await removeJob(host, box, signal);
			} else {
				await removeBox(host, box);
			}
		},
		async (boxes) => {
			if (!options.yes && process.stdin.isTTY) {
				const told = boxes.map((box) => (box.mine ? box.name : `${box.name} (owner: ${ownerText(box)})`));
				const {confirm} = await import('../app/prompt.ts');
				const question = `Remove ${told.join('; ')}? Software installed inside is lost; the project folder is kept.`;
				if (!(await confirm(question, signal))) {
					throw new Failure('Nothing was removed.', {exitCode: exitCode.failed});
				}
			}
		},
	);
}
