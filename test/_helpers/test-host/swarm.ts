import {mkdir} from 'node:fs/promises';
import {command} from './command.ts';
import {type SecondEngine, startSecondEngine} from './second-engine.ts';
import {waitUntil} from './wait-until.ts';

export type TestSwarm = {
	manager: SecondEngine;
	/** Has generic resources of the kind `gpu`. */
	worker: SecondEngine;
	stop(): Promise<void>;
};

/**
A real Docker Swarm of two engines, each in a network namespace of its own: a pair of virtual interfaces that no other namespace has
joins them. Root.

@param options.gpus names of the worker's GPUs
*/
export async function startSwarm({
	parent,
	groupId,
	gpus,
}: {
	parent: string;
	groupId: number;
	gpus: readonly string[];
}): Promise<TestSwarm> {
	await mkdir(parent, {recursive: true});
	const start = (settings: Record<string, unknown>) =>
		startSecondEngine({parent, liveRestore: false, groupId, settings: {bridge: undefined, ...settings}});
	const [manager, worker] = await Promise.all([
		start({}),
		start({'node-generic-resources': gpus.map((name) => `gpu=${name}`)}),
	]);
	const stop = async () => {
		await Promise.all([manager.stop(), worker.stop()]);
	};
	try {
		const addresses = ['10.199.0.1', '10.199.0.2'] as const;
		const inside = [await manager.inside(), await worker.inside()] as const;
		const [first = '', second = ''] = inside.map((words) => words.find((word) => word.startsWith('--net='))?.slice(6));
		const processOf = (path: string) => path.split('/')[2] ?? '';
		await command('ip', [
			...['link', 'add', 'swarm0', 'netns', processOf(first)],
			...['type', 'veth', 'peer', 'name', 'swarm0', 'netns', processOf(second)],
		]);
		for (const [index, words] of inside.entries()) {
			const [program = '', ...rest] = words;
			await command(program, [...rest, 'ip', 'address', 'add', `${addresses[index]}/24`, 'dev', 'swarm0']);
			await command(program, [...rest, 'ip', 'link', 'set', 'swarm0', 'up']);
		}

		await manager.docker.swarmInit({ListenAddr: `${addresses[0]}:2377`, AdvertiseAddr: addresses[0]});
		const {JoinTokens} = (await manager.docker.swarmInspect()) as {JoinTokens: {Worker: string}};
		await worker.docker.swarmJoin({
			ListenAddr: `${addresses[1]}:2377`,
			AdvertiseAddr: addresses[1],
			RemoteAddrs: [`${addresses[0]}:2377`],
			JoinToken: JoinTokens.Worker,
		});
		await waitUntil('the swarm to have two nodes that are ready', async () => {
			const nodes = (await manager.docker.listNodes()) as Array<{Status?: {State?: string}}>;
			return nodes.length === 2 && nodes.every(({Status}) => Status?.State === 'ready');
		});
		return {manager, worker, stop};
	} catch (error) {
		await stop();
		throw error;
	}
}
