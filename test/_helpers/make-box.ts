import type {Box} from '../../source/box/box.ts';

/** A running box of the caller's without anything special. */
export function makeBox(members: Partial<Box> = {}): Box {
	const {name = 'alice-train', owner = 'alice', project = '/home/alice/train'} = members;
	return {
		name,
		id: name.padEnd(64, '0'),
		mine: true,
		owner,
		user: owner,
		project,
		projectPath: project,
		folder: `${name}~1`,
		state: 'running',
		services: ['jupyter'],
		addresses: {},
		gpus: [],
		shareGpus: false,
		sudo: false,
		rootPassword: false,
		secrets: [],
		image: 'image:1',
		imageId: 'sha256:0',
		createdAt: new Date('2026-01-01T00:00:00Z'),
		spec: '',
		...members,
	};
}
