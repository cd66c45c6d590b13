import {agreeToEnd} from '../../app/boxes/end-boxes.ts';
import type {Box} from '../../box/box.ts';
import {type Deed, tellOwner} from '../../box/up/tell-owner.ts';
import type {Host} from '../../host/host.ts';
import {shellQuote} from '../../text/shell-quote.ts';

/** The flags of each verb that ends boxes. */
export type EndFlags = {
	host?: string | undefined;
	yes?: true | undefined;
	others?: true | undefined;
	json?: true | undefined;
};

/** For `forEachBox`: asks on the terminal about what is in use or belongs to others. */
export function agreeOnTerminal(
	host: Host,
	ending: 'stop' | 'restart' | 'rm',
	{yes, others}: Pick<EndFlags, 'yes' | 'others'>,
	signal: AbortSignal,
): (boxes: Box[]) => Promise<void> {
	return (boxes) =>
		agreeToEnd(
			host,
			boxes,
			ending,
			{
				yes,
				others,
				confirm: confirmOnTerminal(signal),
				command: (flags) => ['gpubox', ending, ...flags, ...boxes.map(({name}) => shellQuote(name))].join(' '),
			},
			signal,
		);
}

/** Undefined where there is no terminal. An empty line means no. */
export function confirmOnTerminal(signal: AbortSignal): ((question: string) => Promise<boolean>) | undefined {
	return process.stdin.isTTY
		? async (question) => {
				const {confirm} = await import('../../app/prompt.ts');
				return confirm(question, signal);
			}
		: undefined;
}

/** Writes down who ends a box; what could not be done goes to stderr. */
export async function tellOwnerOf(host: Host, box: Box, what: Deed): Promise<void> {
	for (const note of await tellOwner(host, box, what)) {
		process.stderr.write(`gpubox: ${note}\n`);
	}
}
