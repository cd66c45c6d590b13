/** The image that a project's boxes start from, for what runs in it without being a box. */
import {homeFolder} from '../base/home.ts';
import {parseGpuSelection} from '../box/gpus/allocate.ts';
import {readGpusOfHost} from '../box/gpus/availability.ts';
import {listBoxes} from '../box/list.ts';
import {makeRequest} from '../box/plan/request.ts';
import {derive, layersFor, pullChosen} from '../box/up/image/obtain-image.ts';
import type {ChosenImage, UpStep} from '../box/up/types.ts';
import {findDockerProxies} from '../engine/docker-proxies.ts';
import type {Host} from '../host/host.ts';
import type {Lock} from '../job/lock/lock.ts';
import {imageChooser} from './images/choose-image.ts';
import {buildSettings, type Effective, loadSettings} from './load-settings.ts';
import {noteLock, readLockState} from './lock/project-lock.ts';

/**
The image of a project, by its lock where there is one. Whether it runs on the GPUs here is not asked; without an image in the settings, the
best one for this host.

@throws Failure, EngineError
*/
export async function chooseForProject(
	host: Host,
	{project, settings, winners}: Effective,
	lock: Lock | undefined,
	{report, signal}: {report: (step: UpStep) => void; signal: AbortSignal},
): Promise<ChosenImage> {
	const named = lock !== undefined || settings.image !== undefined;
	const chooser = imageChooser(host, {image: settings.image, project, force: true, winners, lock, signal});
	const [engine, inventory] = await Promise.all([
		host.engine.info(signal),
		named ? undefined : readGpusOfHost(host, signal).then((gpus) => gpus.inventory),
	]);
	const gpuSelection = parseGpuSelection(named ? 'none' : 'auto');
	const services = settings.services ?? ['jupyter'];
	const chosen = await chooser(Promise.resolve({engine, inventory, gpuSelection, services}));
	if (!named) {
		for (const text of chosen.notes) {
			report({kind: 'note', text});
		}
	}

	return chosen;
}

/**
The image of the project's running box; without one what a new box would start from, pulled and with its layers built.

@returns its id or its name
@throws Failure, EngineError
*/
export async function environmentImage(
	host: Host,
	directory: string,
	front: {report: (step: UpStep) => void; signal: AbortSignal},
): Promise<string> {
	const {report, signal} = front;
	const effective = await loadSettings(directory);
	const boxes = await listBoxes(host, signal);
	const box = boxes.find(
		({mine, projectPath, state}) => mine && projectPath === effective.project && state === 'running',
	);
	if (box) {
		return box.imageId;
	}

	const state = await readLockState(effective);
	for (const text of noteLock(state)) {
		report({kind: 'note', text});
	}

	const request = makeRequest({}, effective);
	const settings = buildSettings(effective.settings);
	const proxies = findDockerProxies(host.engine.address, process.env, homeFolder(process.env))?.variables;
	const chosen = await chooseForProject(host, effective, state.kind === 'current' ? state.lock : undefined, front);
	const base = chosen.base ?? (await pullChosen(host, chosen, {...front, settings}));
	return base === undefined
		? chosen.reference
		: (await derive(host, base.id, chosen, layersFor(request, chosen), {...front, settings, proxies})).name;
}
