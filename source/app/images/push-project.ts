/** `gpubox push`: the project as an image in a registry. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, Failure} from '../../base/failure.ts';
import {homeFolder} from '../../base/home.ts';
import {readSmallFile} from '../../base/small-file.ts';
import {builtBy} from '../../box/layer-labels.ts';
import {buildArguments} from '../../box/up/image/build-layers.ts';
import {pullChosen} from '../../box/up/image/obtain-image.ts';
import type {UpStep} from '../../box/up/types.ts';
import {findDockerProxies} from '../../engine/docker-proxies.ts';
import {EngineError} from '../../engine/engine.ts';
import type {Host} from '../../host/host.ts';
import {findBuildRemedy} from '../../host/remedies.ts';
import {parseReference, registryToLogIn} from '../../image/reference.ts';
import type {Lost} from '../../job/export/target.ts';
import {dockerfile} from '../../job/export/targets/dockerfile.ts';
import type {Lock, PushedImage} from '../../job/lock/lock.ts';
import {writeLock} from '../../job/lock/write.ts';
import {readCode} from '../../job/runs/git.ts';
import type {Settings} from '../../settings/schema.ts';
import {formatBytes} from '../../text/bytes.ts';
import {parseIgnore} from '../../text/match/ignore-patterns.ts';
import {safeText} from '../../text/safe.ts';
import {chooseForProject} from '../environment.ts';
import {buildSettings, type Effective, loadSettings} from '../load-settings.ts';
import {saveLock} from '../lock/lock-project.ts';
import {lockPath, readLockState} from '../lock/project-lock.ts';
import {lockFacts, portableJob} from '../portable-job.ts';
import {readContext} from './build-context.ts';

export type PushOptions = {
	/** What the image runs on its own; empty for a box. */
	command: readonly string[];
	/** In place of the setting. */
	registry?: string | undefined;
	/** In place of the commit. */
	tag?: string | undefined;
	user?: string | undefined;
	report: (step: UpStep) => void;
	signal: AbortSignal;
};

export type PushResult = PushedImage & {
	/** gpubox.lock */
	path: string;
	/** What of the project is not in the image. */
	lost: Lost[];
};

/** The instructions, under a name that no project has: its own Dockerfile may be part of the code. */
const instructions = '.gpubox.Dockerfile';

/**
Builds the image that `gpubox export dockerfile` describes, pushes it, and writes its digest into gpubox.lock. The lock is written last, and only
when the registry has the image.

@throws Failure, EngineError
*/
export async function pushProject(host: Host, options: PushOptions): Promise<PushResult> {
	const {signal, report} = options;
	const [effective, own] = await Promise.all([loadSettings('.', {personal: false}), loadSettings('.')]);
	const {settings} = own;
	refuseRemote(host);
	const lock = await neededLock(effective);
	const {job, lost: lostBefore} = portableJob(
		effective,
		{command: options.command, user: options.user},
		lockFacts(lock),
	);
	const reference = await nameOf(job.name, effective.project, settings, options);
	const {files, lost} = dockerfile.emit(job, {lostBefore, with: 'pyxis', check: false});
	const [main, ignored] = files;
	report({kind: 'note', text: `Building ${reference}, and pushing it.`});
	await buildProject(host, reference, {
		project: effective.project,
		// An image that came through a mirror has the digest under the mirror's name only.
		dockerfile: main.text.replace(/^FROM .*$/m, `FROM ${await baseId(host, own, lock, options)}`),
		usualIgnored: ignored?.text ?? '',
		settings,
		report,
		signal,
	});
	const digest = await pushImage(host, reference, {report, signal});
	const now = await neededLock(await loadSettings('.', {personal: false}));
	if (writeLock(now) !== writeLock(lock)) {
		throw new Failure(`gpubox.lock was changed while ${reference} was built from it.`, {
			fix: `The registry has it as ${digest}. To write that into the lock: gpubox push`,
		});
	}

	saveLock({...now, pushed: {reference, digest}}, effective.project);
	return {reference, digest, path: lockPath(effective.project), lost};
}

function refuseRemote({engine}: Host): void {
	if (!engine.local) {
		throw new Failure(`The engine at ${engine.address} runs on another machine, which does not have this folder.`, {
			fix: 'Push from there: ssh to that machine, go to the project and run gpubox push',
			exitCode: exitCode.usage,
		});
	}
}

/** @throws Failure (usage) without a lock that is about the project as it is */
async function neededLock(effective: Effective): Promise<Lock> {
	const state = await readLockState(effective);
	if (state.kind === 'current') {
		return state.lock;
	}

	throw new Failure(
		state.kind === 'stale'
			? 'gpubox.lock is older than gpubox.yaml, so it does not say what to build.'
			: `${safeText(effective.project)} has no gpubox.lock, which says what to build and gets the digest.`,
		{fix: 'Write it: gpubox lock. Then: gpubox push', exitCode: exitCode.usage},
	);
}

/** The locked image on this host, pulled when it is missing. */
async function baseId(host: Host, own: Effective, lock: Lock, options: PushOptions): Promise<string> {
	const chosen = await chooseForProject(host, own, lock, options);
	const base = chosen.base ?? (await pullChosen(host, chosen, {...options, settings: buildSettings(own.settings)}));
	if (base === undefined) {
		throw new Failure(`${safeText(chosen.reference)} was pulled, but the engine does not have it.`, {
			fix: 'Run it again.',
		});
	}

	return base.id;
}

/** `REGISTRY/NAME:TAG`. The tag is the commit, so that no later push takes it away from this image. @throws Failure (usage) */
async function nameOf(
	name: string,
	project: string,
	{registry: setting}: Settings,
	{registry = setting, tag, signal}: Pick<PushOptions, 'registry' | 'tag' | 'signal'>,
): Promise<string> {
	if (registry === undefined) {
		throw new Failure('No registry is set.', {
			fix: 'Set registry in gpubox.yaml, for example registry.example/team. For this call: gpubox push --registry registry.example/team',
			exitCode: exitCode.usage,
		});
	}

	const reference = `${registry.replace(/\/+$/, '')}/${name}:${tag ?? (await tagOf(project, signal))}`;
	if (parseReference(reference) === undefined) {
		throw new Failure(`${safeText(reference)} is not a name of an image.`, {
			fix: 'A registry such as registry.example/team, and a tag such as v3: gpubox push --tag v3',
			exitCode: exitCode.usage,
		});
	}

	return reference;
}

async function tagOf(project: string, signal: AbortSignal): Promise<string> {
	const {commit = null, patch = null, untracked = []} = (await readCode(project, signal))?.state ?? {};
	signal.throwIfAborted();
	return commit === null
		? 'latest'
		: `${commit.slice(0, 12)}${patch !== null || untracked.some((path) => path !== 'gpubox.lock') ? '-changed' : ''}`;
}

type BuildOptions = {
	project: string;
	dockerfile: string;
	/** Of projects without a .dockerignore. */
	usualIgnored: string;
	settings: Settings;
	report: (step: UpStep) => void;
	signal: AbortSignal;
};

async function buildProject({engine}: Host, tag: string, options: BuildOptions): Promise<void> {
	const {project, report, signal} = options;
	const ignored = `${readIgnored(project) ?? options.usualIgnored}\n${instructions}\n.dockerignore\n`;
	const lines: string[] = [];
	let sent = '';
	const work = (detail: string) => report({kind: 'work', doing: `Building ${tag}`, detail});
	// What goes wrong while files are read is the reason, not that the engine then misses them.
	let unreadable: unknown;
	const context = async function* () {
		try {
			yield* readContext(project, parseIgnore(ignored), {
				signal,
				onProgress({files, bytes}) {
					sent = `${files} files, ${formatBytes(bytes)}`;
					work(sent);
				},
			});
		} catch (error) {
			unreadable = error;
			throw error;
		}
	};
	const proxies = findDockerProxies(engine.address, process.env, homeFolder(process.env))?.variables;
	const {BASE: _, ...buildVariables} = buildArguments('', buildSettings(options.settings), {
		environment: process.env,
		docker: proxies,
	});
	try {
		await engine.buildImage({
			files: [
				{path: instructions, content: options.dockerfile},
				// The engine takes these two away before anything is copied.
				{path: '.dockerignore', content: ignored},
			],
			context: context(),
			dockerfile: instructions,
			tag,
			arguments: buildVariables,
			labels: {[builtBy]: 'push'},
			onLine(line) {
				const safe = safeText(line);
				lines.push(safe);
				lines.splice(0, lines.length - 200);
				work(safe);
			},
			signal,
		});
	} catch (error) {
		signal.throwIfAborted();
		throw explainBuild(unreadable ?? error, tag, lines);
	}
}

function explainBuild(error: unknown, tag: string, lines: readonly string[]): unknown {
	if (!(error instanceof EngineError && error.code === 'failed')) {
		return error;
	}

	const known = findBuildRemedy([...lines, error.message].join('\n'));
	return new Failure(`Building ${tag} failed: ${known?.meaning ?? error.message}`, {
		fix: known?.fix ?? 'To see what is built: gpubox export dockerfile',
		details: lines.slice(-8),
		cause: error,
	});
}

function readIgnored(project: string): string | undefined {
	const path = join(project, '.dockerignore');
	return existsSync(path) ? readSmallFile(path).toString('utf8') : undefined;
}

async function pushImage(
	{engine}: Host,
	reference: string,
	{report, signal}: Pick<PushOptions, 'report' | 'signal'>,
): Promise<string> {
	try {
		return await engine.pushImage(reference, {
			signal,
			onProgress(progress) {
				const {layer, status} = progress;
				report(
					progress.remark
						? {kind: 'note', text: status}
						: {
								kind: 'work',
								doing: `Pushing ${reference}`,
								detail: layer === undefined ? status : `${layer}: ${status}${tellBytes(progress)}`,
							},
				);
			},
		});
	} catch (error) {
		signal.throwIfAborted();
		throw refused(error, reference);
	}
}

function tellBytes({currentBytes, totalBytes}: {currentBytes?: number; totalBytes?: number}): string {
	return currentBytes === undefined || totalBytes === undefined
		? ''
		: ` ${formatBytes(currentBytes)} of ${formatBytes(totalBytes)}`;
}

const wantsLogin = /unauthorized|denied|authentication required|no basic auth|forbidden|\b40[13]\b|insufficient_scope/i;

/** The registry's own reason. The image stays on this host, so that pushing again builds nothing. */
function refused(error: unknown, reference: string): unknown {
	if (!(error instanceof EngineError && ['failed', 'not-found', 'conflict'].includes(error.code))) {
		return error;
	}

	const registry = registryToLogIn(reference);
	const login = `docker login${registry === '' ? '' : ` ${registry}`}`;
	return new Failure(`${parseReference(reference)?.registry} refused ${reference}: ${error.message}`, {
		fix: wantsLogin.test(error.message)
			? `Log in as someone who may push there, then push again: ${login}`
			: `Check registry in gpubox.yaml, and that you may push there: ${login}`,
		cause: error,
	});
}
