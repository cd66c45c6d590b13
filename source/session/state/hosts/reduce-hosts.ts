export type HostAction = {type: 'hosts' | 'go-to-host' | 'return'} | {type: 'select-host'; by: number};

export type HostEffect =
	| {type: 'say'; text: string; fix: string}
	| {type: 'return'}
	| {type: 'go-to-host'; name: string; address: string};

/** What the meaning of these keys depends on. */
export type HostSituation = {
	/** `why` where it gave no answer, or none yet. */
	hosts: ReadonlyArray<{name: string; address: string; why?: string}>;
	hostsOffered: boolean;
	/** Whether the session came over from another host. */
	returnOffered: boolean;
};

type HostView = {hostName: string | undefined};

type Reduced = {change: {screen?: 'hosts'; hostName?: string | undefined}; effects: HostEffect[]};

/** The host a key is about: the one chosen, or else the first. */
export function chosenHost(view: HostView, names: readonly string[]): string | undefined {
	return names.find((name) => name === view.hostName) ?? names[0];
}

const somethingRuns: HostEffect = {
	type: 'say',
	text: 'Something is still running here',
	fix: 'Wait for it, or cancel it: c',
};

/** @param busy a task runs here, which would end with this session: then one does not go elsewhere */
export function reduceHosts(
	view: HostView,
	action: HostAction,
	{hosts, hostsOffered, returnOffered, busy}: HostSituation & {busy: boolean},
): Reduced {
	const names = hosts.map(({name}) => name);
	const chosen = chosenHost(view, names);
	switch (action.type) {
		case 'hosts': {
			return {change: hostsOffered ? {screen: 'hosts'} : {}, effects: []};
		}

		case 'select-host': {
			const place = chosen === undefined ? 0 : names.indexOf(chosen);
			return {change: {hostName: names[Math.min(names.length - 1, Math.max(0, place + action.by))]}, effects: []};
		}

		case 'return': {
			return {change: {}, effects: returnOffered ? [busy ? somethingRuns : {type: 'return'}] : []};
		}

		case 'go-to-host': {
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
