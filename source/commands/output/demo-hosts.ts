/** The hosts screen of the demo: the hosts that its scenario lists, each a demo host of its own. */
import {type HostFacts, isKnown} from '../../app/hosts/facts.ts';
import {askOpenHost} from '../../app/hosts/gather.ts';
import {type HostWatch, watchThese} from '../../app/hosts/watch.ts';
import {type DemoHost, makeDemoHost} from '../../demo/host.ts';
import {scenarioFile} from '../../demo/read-scenario.ts';

/** In the place of an address: the name of a scenario follows. */
export const demoAddress = 'demo:';

/** Asks them until the signal of the watch aborts. Those beside `host` are simulated only while they are asked. */
export async function watchDemoHosts(host: DemoHost, watch: HostWatch): Promise<void> {
	const {signal} = watch;
	const opened = new Map<string, Promise<DemoHost>>();
	const open = (scenario: string) => {
		const known = opened.get(scenario) ?? makeDemoHost(scenarioFile(scenario));
		opened.set(scenario, known);
		return known;
	};
	try {
		await watchThese(
			host.otherHosts.map(({name}) => name),
			async (name) => {
				const {scenario = null, silent = null} = host.otherHosts.find((other) => other.name === name) ?? {};
				if (silent !== null) {
					return silentHost(name, silent);
				}

				const asked = scenario === null ? host : await open(scenario);
				const facts = await askOpenHost(asked, name, {signal});
				const {diskFreeBytes} = await asked.readHost();
				return {
					...facts,
					address: `${demoAddress}${scenario ?? ''}`,
					disk: diskFreeBytes === null || !isKnown(facts.boxes) ? facts.disk : {value: diskFreeBytes},
				};
			},
			watch,
		);
	} finally {
		for (const other of opened.values()) {
			await (await other)[Symbol.asyncDispose]();
		}
	}
}

function silentHost(name: string, why: string): HostFacts {
	const unknown = {why, fix: ''};
	return {name, address: '', askedAt: Date.now(), gpus: unknown, boxes: unknown, disk: unknown, lock: undefined};
}
