import {label, portLabel, type ServiceName, servicePorts} from '../box/box.ts';
import type {ContainerSpec} from '../engine/engine.ts';
import {type Story, stories} from './sample-logs.ts';
import type {Scenario, ScenarioBox, ScenarioContainer, StoryName} from './scenario.ts';

/** A box in its initial state on the demo host. */
export type Seed = {
	spec: ContainerSpec;
	running: boolean;
	/** Hours ago. */
	age: number;
	/** Process ids of what computes in it. */
	pids: number[];
	/** How its log continues. */
	story: Story;
	/** Its log so far. */
	past: {story: Story; lines: number; endedHoursAgo: number};
	/** What it uses on average. */
	use: Load;
};

/** 100 is one whole CPU. */
export type Load = {cpuPercent: number; memoryMiB: number};

const firstPorts: Record<ServiceName, number> = {jupyter: 18_888, ssh: 12_222};

/**
The boxes of a scenario as the engine has them. Ports are given out in the order of the boxes, user ids in that of the people.

@param uid of the user of the demo host; no one else gets it
*/
export function seedBoxes(scenario: Scenario, folder: (name: string) => string, uid: number): Seed[] {
	const next = {...firstPorts};
	const people = [...new Set(scenario.boxes.map(({owner}) => owner))];
	const firstUid = uid > 2000 && uid <= 2000 + people.length ? uid + 1 : 2001;
	const uidOf = (owner: string) => (owner === scenario.person ? uid : firstUid + people.indexOf(owner));
	return scenario.boxes.map((box) => {
		const ports = box.services.map((service) => {
			const port = next[service];
			next[service] += 1;
			return {service, port};
		});
		return {
			running: box.running,
			age: box.ageHours,
			story: stories[box.log].now,
			past: {story: stories[box.log].past, lines: box.logLines, endedHoursAgo: stories[box.log].restingHours},
			pids: box.running ? scenario.processes.filter((process) => process.box === box.name).map(({pid}) => pid) : [],
			use: loadOf(box),
			spec: specOf(box, {
				uid: uidOf(box.owner),
				ports,
				uuids: scenario.gpus.filter((gpu) => box.gpus.includes(gpu.index)).map((gpu) => gpu.uuid),
				folder,
			}),
		};
	});
}

/** What a program of that kind takes of the machine, for each of its cards. */
const usual: Record<StoryName, Load> = {
	training: {cpuPercent: 640, memoryMiB: 46_000},
	serving: {cpuPercent: 215, memoryMiB: 18_500},
	notebook: {cpuPercent: 38, memoryMiB: 9200},
	resting: {cpuPercent: 0.4, memoryMiB: 14_800},
	quiet: {cpuPercent: 0.2, memoryMiB: 310},
};

function loadOf({log, gpus, cpuPercent: own}: ScenarioBox): Load {
	const {cpuPercent, memoryMiB} = usual[log];
	const times = Math.max(1, gpus.length);
	return {cpuPercent: own ?? cpuPercent * times, memoryMiB: memoryMiB * times};
}

/** The containers that are not boxes. */
export function seedContainers(scenario: Scenario): Seed[] {
	return scenario.containers.map((container) => ({
		running: container.running,
		age: container.ageHours,
		story: stories.quiet.now,
		past: {story: stories.quiet.past, lines: 0, endedHoursAgo: 0},
		pids: container.running
			? scenario.processes.filter((process) => process.container === container.name).map(({pid}) => pid)
			: [],
		use: {cpuPercent: container.cpuPercent, memoryMiB: container.memoryMiB},
		spec: foreignSpec(container),
	}));
}

function foreignSpec({name, image, folder}: ScenarioContainer): ContainerSpec {
	return {
		name,
		image,
		environment: {},
		labels: {},
		mounts: folder ? [{type: 'bind', source: folder, target: '/data'}] : [],
		ports: [],
		gpus: [],
		gpuMechanism: 'gpu',
		init: false,
		capDrop: [],
		capAdd: [],
		securityOptions: [],
	};
}

type Given = {
	uid: number;
	ports: Array<{service: ServiceName; port: number}>;
	uuids: string[];
	folder: (name: string) => string;
};

function specOf(box: ScenarioBox, {uid, ports, uuids, folder}: Given): ContainerSpec {
	const {name, owner, image, services, job} = box;
	const named = name.startsWith(`${owner}-`) ? name.slice(owner.length + 1) : name;
	// A run has the name of its project with a number.
	const short = job.length > 0 ? named.replace(/-\d+$/, '') : named;
	const project = `/home/${owner}/${short}`;
	return {
		name: `gpubox-${name}`,
		image,
		command: job.length > 0 ? job : services,
		environment: {},
		labels: {
			[label.name]: name,
			[label.nonce]: `demo-${name}`,
			[label.owner]: owner,
			[label.uid]: String(uid),
			[label.project]: project,
			[label.services]: services.join(','),
			[label.gpus]: uuids.join(','),
			...(job.length > 0 ? {[label.kind]: 'run', [label.stopTimeout]: '120'} : {}),
			...(box.share ? {[label.share]: 'true'} : {}),
			[label.image]: image,
			[label.bind]: '127.0.0.1',
			[label.spec]: 'demo',
			[label.version]: '0.1.0',
			...Object.fromEntries(ports.map(({service, port}) => [portLabel(service), String(port)])),
		},
		user: `${uid}:${uid}`,
		hostname: short,
		workingDirectory: '/workspace',
		mounts: [
			{type: 'bind', source: project, target: '/workspace'},
			{type: 'bind', source: `${folder(name)}/token`, target: '/run/secrets/jupyter_token', readOnly: true},
		],
		ports: ports.map(({service, port}) => ({
			containerPort: servicePorts[service],
			hostPort: port,
			hostAddress: '127.0.0.1',
		})),
		gpus: uuids,
		gpuMechanism: 'gpu',
		init: true,
		capDrop: ['ALL'],
		capAdd: [],
		securityOptions: ['no-new-privileges'],
	};
}
