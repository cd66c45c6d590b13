import {findRemedy} from '../host/remedies.ts';
import {safeText} from '../text/safe.ts';
import {advise, type Check, type CheckId, fail, restsOn, titles, type Verdict} from './check.ts';
import {judgeEngine} from './engine-checks.ts';
import type {HostFacts} from './facts.ts';
import {judgeGpus} from './gpu-checks.ts';
import {judgeNetwork} from './network-checks.ts';
import {judgeRoom} from './resource-checks.ts';

const order = Object.keys(titles) as CheckId[];

/**
Judges every layer, bottom up. What rests on a layer that failed is passed over, so that the first that fails is what has to be
mended first. Pure.
*/
export function diagnose(facts: HostFacts): Check[] {
	const verdicts: Record<CheckId, Verdict> = {
		...judgeGpus(facts),
		...judgeEngine(facts),
		...judgeRoom(facts),
		...judgeNetwork(facts),
	};
	blameTheDriver(facts, verdicts);
	const broken = new Map<CheckId, CheckId>();
	return order.map((id) => {
		const below = (restsOn[id] ?? []).find((each) => broken.has(each));
		if (below !== undefined) {
			const root = broken.get(below) ?? below;
			broken.set(id, root);
			return {id, title: titles[id], status: 'skip', found: `needs: ${titles[root]}`, why: '', fix: undefined};
		}

		const verdict = verdicts[id];
		// Without a name the registry cannot be asked, though being offline is no failure.
		if (verdict.status === 'fail' || (id === 'dns' && verdict.status === 'warn')) {
			broken.set(id, id);
		}

		return {id, title: titles[id], ...verdict, found: safeText(verdict.found)};
	});
}

/** What a container says of the driver is the driver's fault, even where nvidia-smi on the host did not notice. */
function blameTheDriver({container}: HostFacts, verdicts: Record<CheckId, Verdict>): void {
	const remedy = container.kind === 'failed' ? findRemedy(container.text) : undefined;
	if (container.kind === 'failed' && (remedy?.layer === 'driver' || remedy?.layer === 'module')) {
		const {layer, meaning, fix, commands} = remedy;
		if (verdicts[layer].status !== 'fail') {
			verdicts[layer] = fail(container.text, meaning, advise(fix, commands));
		}
	}
}
