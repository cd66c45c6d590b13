import {pickBox} from '../app/boxes/pick-box.ts';
import {imageChooser} from '../app/images/choose-image.ts';
import {loadSettings} from '../app/load-settings.ts';
import {type ExitCode, exitCode, Failure} from '../base/failure.ts';
import type {Box} from '../box/box.ts';
import {mayEnter, refuseToEnter} from '../box/enter.ts';
import {chooseGpus, isFree, parseGpuSelection} from '../box/gpus/allocate.ts';
import {readGpusOfHost, toCandidates} from '../box/gpus/availability.ts';
import {listBoxes, listClaims} from '../box/list.ts';
import {refuseNotRunning} from '../box/up/not-running.ts';
import {gpuMechanismOf} from '../engine/engine.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {type CheckedGpu, type CheckResult, checkBox, checkImage, checkScript} from '../job/check.ts';
import {safeText} from '../text/safe.ts';
import {printJson} from './output/json.ts';

type Options = {
	host?: string | undefined;
	gpus?: string | undefined;
	shareGpus?: true | undefined;
	json?: true | undefined;
	print?: true | undefined;
};

type Target = {kind: 'box'; box: Box} | {kind: 'image'; image: string};

/** @returns 0 only when every check passed */
export async function check(name: string | undefined, options: Options, signal: AbortSignal): Promise<ExitCode> {
	if (options.print) {
		process.stdout.write(checkScript());
		return exitCode.done;
	}

	const host = openHost(options);
	const target = name === undefined ? await targetHere(host, signal) : await targetNamed(host, name, signal);
	const result = await checkTarget(host, target, options, signal);
	if (options.json) {
		const {box, image} = {box: null, image: null, ...namesOf(target)};
		printJson({box, image, ...result});
	} else {
		process.stdout.write(`${formatCheck(target, result).join('\n')}\n`);
	}

	return result.passed ? exitCode.done : exitCode.checkFailed;
}

function namesOf(target: Target): {box: string} | {image: string} {
	return target.kind === 'box' ? {box: target.box.name} : {image: target.image};
}

async function targetNamed(host: Host, name: string, signal: AbortSignal): Promise<Target> {
	try {
		return {kind: 'box', box: await pickBox(host, name, 'check', signal)};
	} catch (error) {
		if (!(error instanceof Failure && error.exitCode === exitCode.noSuchBox)) {
			throw error;
		}

		if (await host.engine.inspectImage(name, signal)) {
			return {kind: 'image', image: name};
		}

		throw new Failure(`No box or image named "${safeText(name)}" on this host.`, {
			fix: `List boxes: gpubox ls. To check an image, pull it first: gpubox pull ${safeText(name)}`,
			exitCode: exitCode.noSuchBox,
			cause: error,
		});
	}
}

/** This project's running box of the caller; else the image that a new box here would get. */
async function targetHere(host: Host, signal: AbortSignal): Promise<Target> {
	const [{project, settings, winners}, boxes] = await Promise.all([loadSettings('.'), listBoxes(host, signal)]);
	const box = boxes.find((each) => each.mine && each.projectPath === project && each.state === 'running');
	if (box) {
		return {kind: 'box', box};
	}

	const chooser = imageChooser(host, {image: settings.image, project, force: true, winners, signal});
	const facts = Promise.all([host.engine.info(signal), readGpusOfHost(host, signal)]).then(([engine, {inventory}]) => ({
		engine,
		inventory,
		gpuSelection: parseGpuSelection('auto'),
		services: [],
	}));
	const {reference, base} = await chooser(facts);
	if (base === undefined) {
		throw new Failure(`There is no box for this folder, and ${safeText(reference)} is not on this host.`, {
			fix: `Create the box: gpubox up. Or pull the image: gpubox pull ${safeText(reference)}`,
			exitCode: exitCode.noSuchBox,
		});
	}

	return {kind: 'image', image: reference};
}

async function checkTarget(host: Host, target: Target, options: Options, signal: AbortSignal): Promise<CheckResult> {
	if (target.kind === 'image') {
		const info = await host.engine.info(signal);
		const uuids = await gpusToTry(host, options, signal);
		return checkImage(host.engine, target.image, {uuids, mechanism: gpuMechanismOf(info)}, signal);
	}

	const {box} = target;
	if (!mayEnter(host, box)) {
		throw refuseToEnter(box);
	}

	refuseNotRunning(box, exitCode.checkFailed);

	if (options.gpus !== undefined) {
		throw new Failure('--gpus cannot be used with a box: it is checked with its own GPUs.', {
			fix: `Omit --gpus: gpubox check ${box.name}`,
			exitCode: exitCode.usage,
		});
	}

	return checkBox(host.engine, box, signal);
}

/** The GPUs requested; else all free ones, so that the check disturbs no one. @throws Failure */
async function gpusToTry(host: Host, options: Options, signal: AbortSignal): Promise<string[]> {
	const [onHost, boxes] = await Promise.all([readGpusOfHost(host, signal), listClaims(host, signal)]);
	// A check takes a moment and is not a box: with --share-gpus it may disturb the users of these GPUs.
	const candidates = toCandidates(onHost, boxes, new Date()).map(({keptBy: _, ...candidate}) => candidate);
	if (options.gpus === undefined && !options.shareGpus) {
		const free = candidates.filter((candidate) => isFree(candidate) && candidate.wantedBy.length === 0);
		if (free.length > 0) {
			return free.map(({uuid}) => uuid);
		}
	}

	const chosen = chooseGpus(parseGpuSelection(options.gpus ?? 'all'), candidates, options.shareGpus ?? false);
	if (chosen === 'undecided') {
		throw new Failure('These GPUs are being claimed by another box.', {
			fix: 'Try again in a moment.',
			exitCode: exitCode.taken,
		});
	}

	return chosen;
}

function formatCheck(target: Target, result: CheckResult): string[] {
	const {torch, cuda, cudnn, nccl, driver, archs, gpus, allReduce, problems} = result;
	const versions = [cudnn && `cuDNN ${cudnn}`, nccl && `NCCL ${nccl}`, driver && `driver ${driver}`];
	const more = [...versions, archs.length > 0 && `compiled for ${archs.join(' ')}`].filter(Boolean);
	const name = target.kind === 'box' ? `box ${target.box.name}` : safeText(target.image);
	return [
		`${name}: ${torch === null ? 'no PyTorch' : `PyTorch ${torch}, ${cuda === null ? 'without CUDA' : `for CUDA ${cuda}`}`}`,
		...(more.length > 0 ? [`  ${more.join(', ')}`] : []),
		...gpus.map(formatGpu),
		...(allReduce ? [`${allReduce.passed ? '✓' : '✗'} all together  all-reduce`] : []),
		...problems.flatMap(({message, fix}) => ['', `✗ ${message}`, ...(fix ? [`    → ${fix}`] : [])]),
		...(result.passed ? ['', 'PyTorch can use every GPU.'] : []),
	];
}

const stepNames: Record<CheckedGpu['steps'][number]['name'], string> = {
	seen: 'seen',
	compiled: 'compiled for it',
	moved: 'a tensor moved',
	float32: 'matrices multiplied',
	bfloat16: 'in bfloat16 too',
};

function formatGpu({index, name, computeCapability, passed, steps}: CheckedGpu): string {
	const done = steps.map(({name: step, passed: good, detail}) => {
		const detailText = detail !== '' && good ? ` (${detail})` : '';
		return `${good ? '' : 'not '}${stepNames[step]}${detailText}`;
	});
	return `${passed ? '✓' : '✗'} GPU ${index}  ${name ?? 'unknown'}${computeCapability ? ` (${computeCapability})` : ''}: ${done.join(', ')}`;
}
