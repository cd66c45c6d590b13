import {type HostFacts, hasAnswered} from '../../../app/hosts/facts.ts';
import type {RunElsewhere} from '../../../app/runs/elsewhere.ts';
import type {Diagnostic} from '../../../base/failure.ts';

/** Several hosts, as far as they have been asked. They are asked only while their screen is shown. */
export type HostsState = {
	phase: 'unasked' | 'asking' | 'failed';
	/** In the order of the settings. */
	names: readonly string[];
	/** The latest of each, by its name. */
	answers: ReadonlyMap<string, HostFacts>;
	/** When each last gave any answer, in milliseconds since 1970. */
	heardAt: ReadonlyMap<string, number>;
	/** That were started from here, of all hosts. */
	runs: readonly RunElsewhere[];
	problem: Diagnostic | undefined;
};

export const noHosts: HostsState = {
	phase: 'unasked',
	names: [],
	answers: new Map(),
	heardAt: new Map(),
	runs: [],
	problem: undefined,
};

/** Pure. */
export function withAnswer(hosts: HostsState, facts: HostFacts): HostsState {
	const {name, askedAt} = facts;
	return {
		...hosts,
		answers: new Map(hosts.answers).set(name, facts),
		heardAt: hasAnswered(facts) ? new Map(hosts.heardAt).set(name, askedAt) : hosts.heardAt,
	};
}
