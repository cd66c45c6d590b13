import {Failure} from '../../../base/failure.ts';
import {hashOf} from '../../../base/hash.ts';
import {readTemplate, templateDigest} from '../../../base/templates.ts';
import type {BuildFile, Engine, Image} from '../../../engine/engine.ts';
import {EngineError} from '../../../engine/engine.ts';
import {safeText} from '../../../text/safe.ts';
import {shellQuote} from '../../../text/shell-quote.ts';
import {derivedFrom, derivedFromId} from '../../layer-labels.ts';
import type {ImagePin, Packages} from '../../plan/types.ts';
import {completeLayer, labelLacking} from './complete-layer.ts';
import {dueAgain, lackingIn} from './lacking.ts';

/** Settings of the host's network that a build needs. */
export type BuildSettings = {
	/** e.g. a mirror of PyPI. */
	pipIndexUrl?: string;
	aptMirror?: string;
	/** A registry to pull Docker Hub's images from. */
	registryMirror?: string;
};

/** A file that a layer is built from. One of templates/ is read when it is built; until then its digest stands for it. */
export type LayerFile = BuildFile & {digest?: string};

function fromTemplate(path: string, template: string, mode?: number): LayerFile {
	return {
		path,
		get content() {
			return readTemplate(template);
		},
		digest: templateDigest(template),
		...(mode === undefined ? {} : {mode}),
	};
}

/** The files that the derived layer is built from. */
export function derivedFiles(pin?: Pick<ImagePin, 'constraints'>): LayerFile[] {
	return [fromTemplate('Dockerfile', 'derive/Dockerfile'), ...scripts(), constraintsFile(pin)];
}

function scripts(): LayerFile[] {
	return [
		fromTemplate('install', 'derive/install', 0o755),
		fromTemplate('run-entrypoint', 'box/run-entrypoint'),
		fromTemplate('capture', 'box/capture', 0o755),
	];
}

/** Versions that pip must keep to. Empty rather than missing: an image may bring an older one. */
function constraintsFile(pin: Pick<ImagePin, 'constraints'> | undefined): LayerFile {
	return {path: 'constraints', content: (pin?.constraints ?? []).map((line) => `${line}\n`).join('')};
}

/** The files for a project's own packages: a layer on the derived image, shared by everyone who requests the same packages. */
export function packageFiles({apt, pip}: Packages, pin?: Pick<ImagePin, 'constraints' | 'apt'>): LayerFile[] {
	const list = (packages: string[]) => [...packages].sort().map((name) => `${name}\n`);
	const withVersion = (name: string) => (pin?.apt[name] === undefined ? name : `${name}=${pin.apt[name]}`);
	return [
		fromTemplate('Dockerfile', 'derive/packages.Dockerfile'),
		...scripts(),
		// Files instead of arguments: text from a project never reaches a shell.
		{path: 'packages/apt', content: list(apt.map(withVersion)).join('')},
		{path: 'packages/pip', content: list(pip).join('')},
		constraintsFile(pin),
	];
}

/**
The name of the image derived from `base`: a hash of the base's digest, the files' content and the mirrors, so that a newer base, a
newer gpubox or another package gives a new image, and everyone on the host with the same mirrors shares it. Users with other mirrors
get separate layers.
*/
export function derivedReference(
	base: Pick<Image, 'id'>,
	reference: string,
	files: LayerFile[],
	{pipIndexUrl, aptMirror}: BuildSettings,
): string {
	const mirrors = Object.entries({pipIndexUrl, aptMirror}).filter(([, mirror]) => mirror !== undefined);
	const parts = [...mirrors, ...files.map((file) => [file.path, file.digest ?? file.content])];
	const hash = hashOf([base.id, ...parts.flat()].join('\0'));
	const readable = (reference.split('/').at(-1) ?? '')
		.replace(/@.*$/, '')
		.replace(/[^\w.-]+/g, '-')
		.slice(0, 80);
	return `gpubox/box:${readable.replace(/^[.-]+/, '') || 'image'}-${hash.slice(0, 12)}`;
}

/** What is started. */
export type Derived = {
	name: string;
	/** Missing where nothing was looked at: a dry run, or an image that is not pulled. */
	id?: string;
};

/** A layer to add to an image. */
export type Layer = {
	/** What is being done, for messages: `Adding Jupyter and SSH to`. */
	doing: string;
	files: LayerFile[];
	/** It is built with the versions of gpubox.lock. */
	locked: boolean;
};

// What apt-get and pip say of a version that their mirror or index does not have.
const versionIsGone = /Version '[^']*' for '[^']*' was not found|No matching distribution found for/;

/** Jupyter and an SSH server. */
export function serviceLayer(pin?: ImagePin): Layer {
	return {
		doing: 'Adding Jupyter and SSH to',
		files: derivedFiles(pin),
		locked: pin !== undefined,
	};
}

/** The packages of gpubox.yaml. */
export function packageLayer(packages: Packages, pin?: ImagePin): Layer {
	return {
		doing: 'Adding the packages of gpubox.yaml to',
		files: packageFiles(packages, pin),
		locked: pin !== undefined,
	};
}

/**
Makes sure that `base` with the layer on it exists. Builds at most once for a base: the engine's own images are the cache.

@param reference the user's name for the image
@throws Failure with the end of the build's output
*/
export async function ensureDerivedImage(
	engine: Engine,
	base: Pick<Image, 'id'>,
	reference: string,
	layer: Layer,
	options: {
		settings: BuildSettings;
		/** Of Docker's own configuration. */
		proxies: Record<string, string> | undefined;
		/** Build it again, even if it is there, with the newest packages. */
		fresh?: boolean | undefined;
		/** The image below the first layer; `base` unless there are several layers. */
		originId?: string;
		onStart: () => void;
		onLine: (line: string) => void;
		/** One line for the user about what the layer lacks. */
		onNote: (text: string) => void;
		signal?: AbortSignal;
	},
): Promise<Derived> {
	const {files, doing, locked} = layer;
	const tag = derivedReference(base, reference, files, options.settings);
	const settingsOf = (below: string) => ({
		...buildArguments(below, options.settings, {environment: process.env, docker: options.proxies}),
		GPUBOX_TIME: new Date().toISOString(),
	});
	const existing = options.fresh ? undefined : await engine.inspectImage(tag, options.signal);
	const due = existing ? dueAgain(existing.labels, new Date()) : [];
	if (existing && due.length > 0) {
		options.onStart();
		const {id} = existing;
		const told = {reference, ...options, arguments: settingsOf(id)};
		return {name: tag, id: await completeLayer(engine, {tag, id}, due, told)};
	}

	if (existing) {
		return {name: tag, id: existing.id};
	}

	options.onStart();
	// Part of the base, and so of the layer's name.
	const {entrypoint = []} = (await engine.inspectImage(base.id, options.signal)) ?? {};
	const lastLines: string[] = [];
	let id: string;
	try {
		id = await engine.buildImage({
			files,
			tag,
			arguments: {...settingsOf(base.id), ...entrypointArgument(entrypoint)},
			...(options.fresh ? {noCache: true} : {}),
			labels: {[derivedFrom]: reference, [derivedFromId]: options.originId ?? base.id},
			onLine(line) {
				const safe = safeText(line);
				lastLines.push(safe);
				// pip and apt try again several times before they give up: the cause is further up than what they conclude.
				lastLines.splice(0, lastLines.length - 200);
				options.onLine(safe);
			},
			...(options.signal ? {signal: options.signal} : {}),
		});
	} catch (error) {
		if (error instanceof EngineError && error.code === 'failed') {
			const {findBuildRemedy} = await import('../../../host/remedies.ts');
			const text = [...lastLines, error.message].join('\n');
			if (locked && versionIsGone.test(text)) {
				throw new Failure(`${doing} ${reference} failed: a version in gpubox.lock is not available any more.`, {
					fix: 'Take the image from a host that has it (docker save), or lock newer versions: gpubox lock --upgrade',
					details: lastLines.slice(-8),
					cause: error,
				});
			}

			const known = findBuildRemedy(text);
			throw new Failure(`${doing} ${reference} failed: ${ownReason(lastLines) ?? known?.meaning ?? error.message}`, {
				// Of what no one recognised the lines above say more than a guess.
				fix: known?.fix ?? '',
				details: lastLines.slice(-8),
				cause: error,
			});
		}

		throw error;
	}

	const lacking = lackingIn(lastLines);
	return {
		name: tag,
		id: lacking.length > 0 ? await labelLacking(engine, {tag, id}, lacking, {reference, ...options}) : id,
	};
}

/** What templates/derive/install said last before it ended the build. What it says of an entrypoint, or of what is lacking, does not end one. */
export function ownReason(lines: readonly string[]): string | undefined {
	const own = lines.flatMap(
		(line) => /^gpubox: (?!the image's entrypoint |this layer lacks )(.+)$/.exec(line)?.[1] ?? [],
	);
	return own.at(-1);
}

/** The call of the image's entrypoint in a build: packages go into the Python that it switches on. */
function entrypointArgument(entrypoint: readonly string[]): Record<string, string> {
	return entrypoint.length === 0
		? {}
		: {GPUBOX_ENTRYPOINT: ['run_entrypoint', '/opt/gpubox/capture', ...entrypoint].map(shellQuote).join(' ')};
}

const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'FTP_PROXY', 'ALL_PROXY'].flatMap((name) => [
	name,
	name.toLowerCase(),
]);

/**
Proxies are passed to a build as arguments, so that they are not in any layer or environment of the image: those of the shell, and
what it does not set from Docker's own configuration.
*/
export function buildArguments(
	base: string,
	settings: BuildSettings,
	proxies: {environment: Record<string, string | undefined>; docker: Record<string, string> | undefined},
): Record<string, string> {
	const shell = proxyNames.flatMap((name) => {
		const value = proxies.environment[name];
		return value ? [[name, value]] : [];
	});
	return {
		BASE: base,
		...proxies.docker,
		...Object.fromEntries(shell),
		...(settings.pipIndexUrl ? {PIP_INDEX_URL: settings.pipIndexUrl} : {}),
		...(settings.aptMirror ? {APT_MIRROR: settings.aptMirror} : {}),
	};
}
