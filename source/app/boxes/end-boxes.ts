/** Asks before work is ended: what is in use, and what belongs to another user. */

import {exitCode, Failure} from '../../base/failure.ts';
import {type Box, isRunning} from '../../box/box.ts';
import {textOfEnd, type Use} from '../../box/idle/idle.ts';
import {readUse} from '../../box/idle/observe.ts';
import {ownerText} from '../../box/list.ts';
import type {Host} from '../../host/host.ts';

type Ending = 'stop' | 'restart' | 'rm' | 'recreate';

const words: Record<Ending, {verb: string; loses: string; refused: string}> = {
	stop: {verb: 'Stop', loses: '', refused: 'Nothing was stopped.'},
	restart: {verb: 'Restart', loses: '', refused: 'Nothing was restarted.'},
	rm: {
		verb: 'Remove',
		loses: ' Software installed inside is lost; the project folder is kept.',
		refused: 'Nothing was removed.',
	},
	recreate: {
		verb: 'Recreate',
		loses: ' Software installed inside is lost; the project folder is kept.',
		refused: 'Nothing was changed.',
	},
};

export type EndOptions = {
	/** Ends what is in use, too. */
	yes?: true | undefined;
	/** Ends what belongs to others, too. */
	others?: true | undefined;
	/** Asks on the terminal; undefined where there is none. */
	confirm: ((question: string) => Promise<boolean>) | undefined;
	/** What to write instead, for those who cannot be asked: `gpubox stop --yes alice-train`. */
	command: (options: string[]) => string;
};

/**
Returns when the user agrees to end the boxes, or when nothing has to be asked: an idle box of the caller's is stopped without a
question, on a terminal it is removed with one.

@throws Failure (failed) for a no, and without a terminal where --yes or --others is missing
*/
export async function agreeToEnd(
	host: Host,
	boxes: readonly Box[],
	ending: Ending,
	options: EndOptions,
	signal: AbortSignal,
): Promise<void> {
	if (options.yes && (options.others || options.confirm)) {
		return;
	}

	const uses = options.yes ? new Map<string, Use>() : await readUse(host, [...boxes], {signal});
	const told = boxes.map((box) => tell(box, uses.get(box.id)));
	const {verb, loses, refused} = words[ending];
	if (options.confirm) {
		const asks = ending === 'rm' || told.some(({notes}) => notes.length > 0);
		const list = told.map(({name, notes}) => (notes.length > 0 ? `${name} (${notes.join('; ')})` : name)).join('; ');
		if (asks && !(await options.confirm(`${verb} ${list}?${loses}`))) {
			throw new Failure(refused, {exitCode: exitCode.failed});
		}

		return;
	}

	const foreign = told.some((each) => each.foreign) && !options.others;
	const inUse = told.some((each) => each.inUse) && !options.yes;
	if (!foreign && !inUse) {
		return;
	}

	const [only] = told.filter(({notes}) => notes.length > 0);
	const what =
		told.length === 1 && only
			? `${only.name} needs a confirmation (${only.notes.join('; ')}), and this is not a terminal.`
			: 'These boxes need a confirmation, and this is not a terminal.';
	throw new Failure(what, {
		details: told.length === 1 ? [] : told.map(({name, notes}) => [name, ...notes].join(': ')),
		fix: `To ${verb.toLowerCase()} anyway: ${options.command([
			...(inUse || options.yes ? ['--yes'] : []),
			...(foreign || options.others ? ['--others'] : []),
		])}`,
		exitCode: exitCode.failed,
	});
}

type Told = {name: string; notes: string[]; foreign: boolean; inUse: boolean};

function tell(box: Box, use: Use | undefined): Told {
	// One that names the caller without a record is asked about, but is no other user's.
	const foreign = !box.mine && !box.pending && box.ownerIs !== 'claimed';
	const claimed = !box.mine && box.ownerIs === 'claimed';
	const isJob = box.job !== undefined && isRunning(box);
	const text = textOfEnd(box, use);
	return {
		name: box.name,
		notes: [...(foreign || claimed ? [`owner: ${ownerText(box)}`] : []), ...(text === '' ? [] : [text])],
		foreign,
		// A script that names a run of its user's means what runs.
		inUse: claimed || (text !== '' && !(isJob && box.mine)),
	};
}
