import {
	boxesCell,
	cardStates,
	cardsCell,
	countCards,
	diskCell,
	driverCell,
	lockCell,
	troubleLines,
	unknownCell,
} from '../app/hosts/cells.ts';
import {type HostFacts, hasAnswered, isKnown, missingAnswers} from '../app/hosts/facts.ts';
import {askHosts} from '../app/hosts/gather.ts';
import {hostQuestion} from '../app/hosts/listed.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {timerMs} from '../base/longest-timer.ts';
import {safeText} from '../text/safe.ts';
import {printJson} from './output/json.ts';
import {tableFor} from './output/table.ts';
import {tellTrouble} from './output/tell-trouble.ts';

type Options = {timeout?: number | undefined; json?: true | undefined; wide?: true | undefined};

/**
`gpubox hosts`: the machines of the settings, or those named, side by side.

@throws Failure (no engine) when none of them answered, after what is known of each was printed
*/
export async function hosts(given: readonly string[], options: Options, signal: AbortSignal): Promise<void> {
	const {names, lock} = await hostQuestion(given, tellTrouble);
	const found = await askHosts(names, {
		signal,
		lock,
		...(options.timeout === undefined ? {} : {limitMs: timerMs(options.timeout)}),
	});
	if (options.json) {
		printJson({hosts: found.map(hostJson)});
	} else {
		process.stdout.write(`${await hostTable(found, options)}\n`);
	}

	if (!found.some(hasAnswered)) {
		const several = found.length > 1;
		throw new Failure(several ? `None of the ${found.length} hosts answered.` : 'The host did not answer.', {
			fix: several ? 'What each of them said is above.' : (missingAnswers(found[0] as HostFacts)[0]?.fix ?? ''),
			exitCode: exitCode.noEngine,
		});
	}
}

/** What was not answered is null, never 0, and `unanswered` says why. */
function hostJson(facts: HostFacts) {
	const {name, address, askedAt, gpus, boxes, disk, lock} = facts;
	const missing = missingAnswers(facts);
	const reachable = hasAnswered(facts);
	return {
		name,
		address,
		reachable,
		driverVersion: isKnown(gpus) ? gpus.value.driverVersion : null,
		gpus: isKnown(gpus)
			? gpus.value.cards.map(({index, uuid, name: card, memoryTotalMiB, state, reason, boxes: holders}) => ({
					index,
					uuid,
					name: card,
					memoryTotalMiB,
					free: state === 'unknown' ? null : state === 'free',
					state,
					stateReason: reason,
					claimedBy: holders,
				}))
			: null,
		boxes: isKnown(boxes)
			? boxes.value.map(({name: box, state, job}) => ({name: box, state, kind: job ? 'run' : 'box'}))
			: null,
		diskFreeMiB: isKnown(disk) ? Math.floor(disk.value / 1024 ** 2) : null,
		lock: lock !== undefined && isKnown(lock) ? {fits: lock.value.fits, why: lock.value.why} : null,
		error: reachable ? null : (missing[0]?.why ?? null),
		unanswered: missing,
		askedAt: new Date(askedAt).toISOString(),
	};
}

async function hostTable(found: readonly HostFacts[], {wide}: Options): Promise<string> {
	const counts = found.map(countCards);
	// These are told only where there are any.
	const rare = ['unusable', 'unknown'] as const;
	const states = cardStates.filter(
		(state) => !rare.some((each) => each === state) || counts.some((count) => (count?.[state] ?? 0) > 0),
	);
	const withLock = found.some(({lock}) => lock !== undefined);
	const heads = ['host', 'gpus', ...states, 'driver', 'disk free', 'boxes', ...(withLock ? ['lock'] : [])];
	const rows = found.map((facts, index) => [
		safeText(facts.name),
		cardsCell(facts),
		...states.map((state) => String(counts[index]?.[state] ?? unknownCell)),
		driverCell(facts),
		diskCell(facts),
		boxesCell(facts),
		...(withLock ? [lockCell(facts) ?? ''] : []),
	]);
	const troubles = found.flatMap((facts) =>
		troubleLines(facts).flatMap(({text, fix}) => [
			`${safeText(facts.name)}: ${text}`,
			...(fix === '' ? [] : [`  → ${fix}`]),
		]),
	);
	const table = await tableFor(heads, rows, {
		wide,
		optional: ['disk free', 'gpus', 'driver', 'boxes'],
		whole: 'gpubox hosts --wide',
	});
	return [table, ...(troubles.length > 0 ? ['', ...troubles] : [])].join('\n');
}
