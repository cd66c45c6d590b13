export type HostAction = {type: 'hosts' | 'go-to-host' | 'return'};

export type HostEffect =
	| {type: 'say'; text: string; fix: string}
	| {type: 'return'}
	| {type: 'go-to-host'; name: string; address: string};

/** What the meaning of these keys depends on. */
export type HostSituation = {
	/** `why` where it gave no answer, or none yet. */
	hosts: ReadonlyArray<{name: string; address: string; why?: string}>;
	/** The name of the one chosen. Computed only where it is needed. */
	chosenHost: () => string | undefined;
	hostsOffered: boolean;
	/** Whether the session came over from another host. */
	returnOffered: boolean;
};

type Reduced = {change: {screen?: 'hosts'}; effects: HostEffect[]};

const somethingRuns: HostEffect = {
	type: 'say',
	text: 'Something is still running here',
	fix: 'Wait for it, or cancel it: c',
};

/** @param busy a task runs here, which would end with this session: then one does not go elsewhere */
export function reduceHosts(
	action: HostAction,
	{hosts, chosenHost, hostsOffered, returnOffered, busy}: HostSituation & {busy: boolean},
): Reduced {
	switch (action.type) {
		case 'hosts': {
			return {change: hostsOffered ? {screen: 'hosts'} : {}, effects: []};
		}

		case 'return': {
			return {change: {}, effects: returnOffered ? [busy ? somethingRuns : {type: 'return'}] : []};
		}

		case 'go-to-host': {
			const chosen = chosenHost();
			const host = hosts.find(({name}) => name === chosen);
			return {change: {}, effects: host === undefined ? [] : [goTo(host, busy)]};
		}
	}
}

function goTo({name, address, why}: HostSituation['hosts'][number], busy: boolean): HostEffect {
	if (why !== undefined) {
		return {type: 'say', text: `${name}: ${why}`, fix: ''};
	}

	return busy ? somethingRuns : {type: 'go-to-host', name, address};
}
