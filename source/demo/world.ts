import {label, portLabel, type ServiceName, servicePorts} from '../box/box.ts';
import type {ContainerSpec, Image} from '../engine/engine.ts';
import type {Scenario} from './scenario.ts';
import {notebook, type Story, serving, training} from './story.ts';

/** A box as it is when the made-up host is entered. */
export type Seed = {
	spec: ContainerSpec;
	running: boolean;
	/** Hours ago. */
	age: number;
	/** Process ids of what computes in it. */
	pids: number[];
	story: Story;
	/** Lines of log that are there already. */
	lines: number;
};

type Sketch = {
	name: string;
	owner: string;
	uid: number;
	services: ServiceName[];
	ports: Partial<Record<ServiceName, number>>;
	gpus: number[];
	image: string;
	running: boolean;
	age: number;
	story: Story;
};

const pytorch = 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime';
const lab = 'quay.io/jupyter/pytorch-notebook:cuda12-python-3.12';
const vllm = 'vllm/vllm-openai:v0.11.0';

/** The boxes of four colleagues, on the cards of the scenario: about half for a training, one each for two others. */
export function seedBoxes(scenario: Scenario, folder: (name: string) => string): Seed[] {
	const count = scenario.gpus.length;
	const trained = Math.max(1, Math.floor(count / 2));
	const indices = (from: number, to: number) => scenario.gpus.slice(from, to).map((gpu) => gpu.index);
	const sketches: Sketch[] = [
		{
			name: 'alice-llm-train',
			owner: 'alice',
			uid: 2001,
			services: ['jupyter', 'ssh'],
			ports: {jupyter: 18_888, ssh: 12_222},
			gpus: indices(0, trained),
			image: pytorch,
			running: true,
			age: 52,
			story: training,
		},
		{
			name: 'bob-segmentation',
			owner: 'bob',
			uid: 2002,
			services: ['jupyter'],
			ports: {jupyter: 18_889},
			gpus: indices(trained, trained + 1),
			image: lab,
			running: true,
			age: 5,
			story: notebook,
		},
		{
			name: 'chen-vllm',
			owner: 'chen',
			uid: 2003,
			services: ['ssh'],
			ports: {ssh: 12_223},
			gpus: indices(trained + 1, trained + 2),
			image: vllm,
			running: true,
			age: 170,
			story: serving,
		},
		{
			name: 'chen-ablation',
			owner: 'chen',
			uid: 2003,
			services: ['jupyter'],
			ports: {jupyter: 18_890},
			gpus: indices(trained + 1, trained + 2),
			image: pytorch,
			running: false,
			age: 300,
			story: training,
		},
		{
			name: 'dora-eda',
			owner: 'dora',
			uid: 2004,
			services: ['jupyter'],
			ports: {jupyter: 18_891},
			gpus: [],
			image: lab,
			running: true,
			age: 27,
			story: notebook,
		},
		{
			name: 'dora-old-paper',
			owner: 'dora',
			uid: 2004,
			services: ['jupyter', 'ssh'],
			ports: {jupyter: 18_892, ssh: 12_224},
			gpus: [],
			image: 'pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime',
			running: false,
			age: 2100,
			story: notebook,
		},
	];
	return sketches.map((sketch) => seedOf(sketch, scenario, folder));
}

function seedOf(sketch: Sketch, scenario: Scenario, folder: (name: string) => string): Seed {
	const {name, owner, uid, services, ports, gpus, image, running, age, story} = sketch;
	const project = `/home/${owner}/${name.slice(owner.length + 1)}`;
	const uuids = scenario.gpus.filter((gpu) => gpus.includes(gpu.index)).map((gpu) => gpu.uuid);
	return {
		running,
		age,
		story,
		lines: running ? 60 : 25,
		pids: running ? scenario.processes.filter((process) => gpus.includes(process.gpu)).map(({pid}) => pid) : [],
		spec: {
			name: `gpubox-${name}`,
			image,
			command: services,
			environment: {},
			labels: {
				[label.name]: name,
				[label.owner]: owner,
				[label.uid]: String(uid),
				[label.project]: project,
				[label.services]: services.join(','),
				[label.gpus]: uuids.join(','),
				[label.image]: image,
				[label.bind]: '127.0.0.1',
				[label.spec]: 'made-up',
				[label.version]: '0.1.0',
				...Object.fromEntries(services.map((service) => [portLabel(service), String(ports[service])])),
			},
			user: `${uid}:${uid}`,
			hostname: name.slice(owner.length + 1),
			workingDirectory: '/workspace',
			mounts: [
				{type: 'bind', source: project, target: '/workspace'},
				{type: 'bind', source: `${folder(name)}/token`, target: '/run/secrets/jupyter_token', readOnly: true},
			],
			ports: services.flatMap((service) => {
				const hostPort = ports[service];
				return hostPort === undefined
					? []
					: [{containerPort: servicePorts[service], hostPort, hostAddress: '127.0.0.1'}];
			}),
			gpus: uuids,
			gpuRequest: 'gpu',
			init: true,
			capDrop: ['ALL'],
			capAdd: [],
			securityOptions: ['no-new-privileges'],
		},
	};
}

/** Images that are on the made-up host. */
export const seedImages: string[] = [pytorch, lab, vllm, 'pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime'];

/** What can be pulled: everything of these; anything else does not exist. */
const known = /^(?:(?:docker\.io\/)?(?:pytorch|nvidia|vllm|tensorflow|rapidsai)\/|nvcr\.io\/|quay\.io\/jupyter\/)/;

export function canBePulled(reference: string): boolean {
	return known.test(reference);
}

/** An image as it would describe itself, as far as its name tells. */
export function imageNamed(reference: string, id: string, createdAt: Date): Image {
	const cuda = /cuda-?(\d+(?:\.\d+)?)/.exec(reference)?.[1];
	const framework = /^pytorch\/pytorch:(\d+\.\d+\.\d+)/.exec(reference)?.[1];
	return {
		id,
		tags: [reference],
		digests: [`${reference.replace(/:[^/]*$/, '')}@${id}`],
		architecture: 'amd64',
		sizeBytes: reference.startsWith('pytorch/') ? 6_912_000_000 : 11_400_000_000,
		createdAt,
		labels: {},
		environment: {
			PATH: '/opt/conda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
			...(cuda === undefined ? {} : {CUDA_VERSION: cuda.includes('.') ? `${cuda}.0` : `${cuda}.8.0`}),
			...(framework === undefined ? {} : {PYTORCH_VERSION: framework}),
		},
		command: reference.startsWith('quay.io/jupyter/') ? ['start-notebook.py'] : ['/bin/bash'],
		entrypoint: [],
		exposedPorts: reference.startsWith('quay.io/jupyter/') ? [8888] : [],
		user: reference.startsWith('quay.io/jupyter/') ? 'jovyan' : '',
	};
}
