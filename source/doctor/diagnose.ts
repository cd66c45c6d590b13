import {findRemedy} from '../host/remedies.ts';
import {forRootlessEngine, isOwnEngine} from '../host/rootless-words.ts';
import {safeText} from '../text/safe.ts';
import {
	advise,
	type Check,
	type CheckId,
	type CheckUnderWay,
	type Fix,
	fail,
	isFixedHere,
	type Judge,
	restsOn,
	titles,
	type Verdict,
} from './check.ts';
import {engineJudges} from './engine-checks.ts';
import type {HostFacts} from './facts.ts';
import {gpuJudges} from './gpu-checks.ts';
import {networkJudges} from './network-checks.ts';
import {roomJudges} from './resource-checks.ts';

const order = Object.keys(titles) as CheckId[];
const judges: Record<CheckId, Judge> = {...gpuJudges, ...engineJudges, ...roomJudges, ...networkJudges};

/**
Judges every layer, bottom up. Layers that depend on a failed one are skipped, so that the first failure is the one to fix first. Pure.
*/
export function diagnose(facts: HostFacts): Check[] {
	// With all facts no check is under way.
	return diagnoseSoFar(facts) as Check[];
}

/** The same with the facts that are known so far: a layer is judged once all is there that its check looks at. Pure. */
export function diagnoseSoFar(known: Partial<HostFacts>): Array<Check | CheckUnderWay> {
	const broken = new Map<CheckId, CheckId>();
	const missing = new Set<CheckId>();
	return order.map((id) => {
		const below = restsOn[id] ?? [];
		const failed = below.find((each) => broken.has(each));
		if (failed !== undefined) {
			const root = broken.get(failed) ?? failed;
			broken.set(id, root);
			return {id, title: titles[id], status: 'skip', found: `needs: ${titles[root]}`, why: '', fix: undefined};
		}

		const verdict = below.some((each) => missing.has(each)) ? undefined : judgeSoFar(id, known);
		if (verdict === undefined) {
			missing.add(id);
			return {id, title: titles[id], status: 'checking'};
		}

		// Without name resolution the registry cannot be queried, though being offline is not a failure.
		if (verdict.status === 'fail' || (id === 'dns' && verdict.status === 'warn')) {
			broken.set(id, id);
		}

		return {id, title: titles[id], ...verdict, found: safeText(verdict.found)};
	});
}

/** The facts that a layer's check looks at, and those of the layers that rest on it: what to gather to check it again. */
export function factsOf(id: CheckId, facts: HostFacts): ReadonlySet<keyof HostFacts> {
	const read = new Set<keyof HostFacts>();
	const above = new Set([id]);
	for (const each of order) {
		if (restsOn[each]?.some((below) => above.has(below))) {
			above.add(each);
		}
	}

	for (const each of above) {
		judge(
			each,
			watched(facts, (key) => read.add(key)),
		);
	}

	return read;
}

/** A fact that has not been gathered yet was looked at. */
class NotKnown extends Error {}

/** @returns undefined when a fact is missing */
function judgeSoFar(id: CheckId, known: Partial<HostFacts>): Verdict | undefined {
	try {
		return judge(
			id,
			watched(known as HostFacts, (key) => {
				if (!(key in known)) {
					throw new NotKnown();
				}
			}),
		);
	} catch (error) {
		if (error instanceof NotKnown) {
			return undefined;
		}

		throw error;
	}
}

function watched(facts: HostFacts, onRead: (key: keyof HostFacts) => void): HostFacts {
	return new Proxy(facts, {
		get(target, key: string) {
			onRead(key as keyof HostFacts);
			return target[key as keyof HostFacts];
		},
	});
}

function judge(id: CheckId, facts: HostFacts): Verdict {
	const own = judges[id](facts);
	const verdict = own.status === 'fail' ? own : (blameOf(id, facts) ?? own);
	if (verdict.fix === undefined) {
		return verdict;
	}

	const fix = isRootless(facts) ? rootlessFix(verdict.fix) : verdict.fix;
	return {...verdict, fix: isFixedHere(id, facts) ? fix : {...fix, automatic: false, elsewhere: true}};
}

function isRootless({engine, address}: HostFacts): boolean {
	return 'info' in engine ? engine.info.rootless : isOwnEngine(address);
}

function rootlessFix({text, commands, automatic}: Fix): Fix {
	return {text: forRootlessEngine(text), commands: commands.map(forRootlessEngine), automatic};
}

/**
A driver error in a container is reported for the driver, even where nvidia-smi on the host works. The test in a container takes the
longest: until it is over, the driver is judged without it.
*/
function blameOf(id: CheckId, facts: HostFacts): Verdict | undefined {
	if ((id !== 'driver' && id !== 'module') || !('container' in facts)) {
		return undefined;
	}

	const {container} = facts;
	const remedy = container.kind === 'failed' ? findRemedy(container.text) : undefined;
	return container.kind === 'failed' && remedy?.layer === id
		? fail(container.text, remedy.meaning, advise(remedy.fix, remedy.commands))
		: undefined;
}
