import {findRemedy} from '../host/remedies.ts';
import {forRootlessEngine, isOwnEngine} from '../host/rootless-words.ts';
import {safeText} from '../text/safe.ts';
import {advise, type Check, type CheckId, type Fix, fail, restsOn, titles, type Verdict} from './check.ts';
import {judgeEngine} from './engine-checks.ts';
import type {HostFacts} from './facts.ts';
import {judgeGpus} from './gpu-checks.ts';
import {judgeNetwork} from './network-checks.ts';
import {judgeRoom} from './resource-checks.ts';

const order = Object.keys(titles) as CheckId[];

/**
Judges every layer, bottom up. Layers that depend on a failed one are skipped, so that the first failure is the one to fix first. Pure.
*/
export function diagnose(facts: HostFacts): Check[] {
	const verdicts: Record<CheckId, Verdict> = {
		...judgeGpus(facts),
		...judgeEngine(facts),
		...judgeRoom(facts),
		...judgeNetwork(facts),
	};
	blameTheDriver(facts, verdicts);
	const {engine, address} = facts;
	const own = 'info' in engine ? engine.info.rootless : isOwnEngine(address);
	const broken = new Map<CheckId, CheckId>();
	return order.map((id) => {
		const below = (restsOn[id] ?? []).find((each) => broken.has(each));
		if (below !== undefined) {
			const root = broken.get(below) ?? below;
			broken.set(id, root);
			return {id, title: titles[id], status: 'skip', found: `needs: ${titles[root]}`, why: '', fix: undefined};
		}

		const verdict = verdicts[id];
		// Without name resolution the registry cannot be queried, though being offline is not a failure.
		if (verdict.status === 'fail' || (id === 'dns' && verdict.status === 'warn')) {
			broken.set(id, id);
		}

		const fix = own && verdict.fix ? rootlessFix(verdict.fix) : verdict.fix;
		return {id, title: titles[id], ...verdict, fix, found: safeText(verdict.found)};
	});
}

function rootlessFix({text, commands, automatic}: Fix): Fix {
	return {text: forRootlessEngine(text), commands: commands.map(forRootlessEngine), automatic};
}

/** A driver error in a container is reported for the driver, even where nvidia-smi on the host works. */
function blameTheDriver({container}: HostFacts, verdicts: Record<CheckId, Verdict>): void {
	const remedy = container.kind === 'failed' ? findRemedy(container.text) : undefined;
	if (container.kind === 'failed' && (remedy?.layer === 'driver' || remedy?.layer === 'module')) {
		const {layer, meaning, fix, commands} = remedy;
		if (verdicts[layer].status !== 'fail') {
			verdicts[layer] = fail(container.text, meaning, advise(fix, commands));
		}
	}
}
