/**
Compares a lock with the project, the image on this host, a box and the host itself. Pure. Every difference has a severity: `blocks` means that
the same results cannot be expected, `differs` that something else is there, `note` that it is worth knowing.
*/
import type {FileChange} from '../../engine/engine.ts';
import {codeRunsOn, floorOfMajor} from '../../image/fit/cuda.ts';
import {compareVersions, parseVersion} from '../../text/compare-versions.ts';
import type {Distribution, Inside} from './inside.ts';
import type {LockedEnvironment, LockedInside} from './lock.ts';
import {capabilityOf} from './make.ts';
import {pinnedReference} from './pins.ts';

export type Severity = 'blocks' | 'differs' | 'note';

/** Texts are safe to print. */
export type Difference = {
	what: string;
	/** Null where the lock has no such thing. */
	locked: string | null;
	/** Null where there is no such thing. */
	found: string | null;
	where: string;
	severity: Severity;
	fix: string;
};

type About = {about?: 'packages'};

export type Observed = {
	/** Hash of gpubox.yaml's inputs now. */
	inputs: string;
	/** What differs in them from those of the lock, where it is known. */
	changed?: string;
	/** gpubox.yaml has a postCreate command, which may install packages that no lock knows. */
	postCreate: boolean;
	/** `env` of gpubox.yaml. */
	projectEnvironment: Readonly<Record<string, string>>;
	image: {
		/** What the name in the lock names on this host; null when nothing. */
		tagged: {digest: string | null; rootfs: string; platform: string} | null;
		/** Whether the locked image itself is here, under whatever name. */
		lockedHere: boolean;
	};
	/** Hashes of what this gpubox would put on the image. */
	layers: LockedEnvironment['layers'];
	/** With `--remote`: what the registry has under the name, and whether it still has the locked digest. */
	registry?: {digest: string | null; hasLocked: boolean} | {problem: string};
	/** `onLockedImage` is null when the engine no longer has the box's image. */
	box?: {name: string; onLockedImage: boolean | null; image: string};
	/** An image that was looked into instead: one that was built on the locked one, as `gpubox push` does. */
	built?: {reference: string; onLockedImage: boolean};
	/** What is inside the box, else inside the image. */
	inside?: {
		found: Inside;
		/** For people: `box alice-train`, `the image`. */
		where: string;
		/** What was changed in the box of the image's files. */
		changes: readonly FileChange[];
		/** What the image itself sets. */
		imageEnvironment: Readonly<Record<string, string>>;
	};
	/** Undefined when nvidia-smi gave no answer. */
	host?: {driver: string | null; gpus: ReadonlyArray<{index: number; name: string; computeCapability: string | null}>};
};

/** In a fixed order: gpubox.yaml, image, inside, packages, environment, host. */
export function compareLock(lock: LockedEnvironment, observed: Observed): Array<Difference & About> {
	return [
		...compareInputs(lock, observed),
		...compareImage(lock, observed),
		...compareLayers(lock, observed),
		...compareRegistry(lock, observed),
		...compareBox(lock, observed),
		...compareBuilt(lock, observed),
		...(observed.inside
			? [
					...compareInside(lock, observed.inside),
					...comparePackages(lock, observed, observed.inside),
					...compareApt(lock, observed.inside),
					...compareEnvironment(observed, observed.inside),
				]
			: []),
		...compareHost(lock, observed),
	];
}

/** Whether `verify` passes: notes never fail it. */
export function isSame(differences: ReadonlyArray<Difference & About>, {allowPackages = false} = {}): boolean {
	return differences.every(
		({severity, about}) => severity === 'note' || (allowPackages && severity === 'differs' && about === 'packages'),
	);
}

const short = (hash: string | null) => hash?.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]*$/, '$1') ?? null;

function compareInputs(lock: LockedEnvironment, {inputs, changed}: Observed): Difference[] {
	return lock.inputs === inputs
		? []
		: [
				{
					what: 'gpubox.yaml',
					locked: short(lock.inputs),
					found: short(inputs),
					where: changed ?? 'image, packages or postCreate were changed after the lock',
					severity: 'differs',
					fix: 'gpubox lock',
				},
			];
}

function compareImage({image}: LockedEnvironment, {image: {tagged, lockedHere}}: Observed): Difference[] {
	const here = {what: 'image', locked: short(image.digest ?? image.rootfs), where: image.reference};
	if (tagged === null) {
		return lockedHere
			? []
			: [
					{
						...here,
						found: null,
						where: `${image.reference} is not on this host`,
						severity: 'note',
						fix: image.digest === null ? 'Load it: docker load' : `gpubox pull ${pinnedReference(image)}`,
					},
				];
	}

	if (tagged.rootfs === image.rootfs) {
		return [];
	}

	const found = short(image.digest === null ? tagged.rootfs : (tagged.digest ?? tagged.rootfs));
	if (tagged.platform !== image.platform) {
		return [
			{
				...here,
				locked: image.platform,
				found: tagged.platform,
				severity: 'blocks',
				fix: `Use a ${image.platform} host, or lock again on this one: gpubox lock`,
			},
		];
	}

	return lockedHere
		? [
				{
					...here,
					found,
					where: `${image.reference} names another image on this host; gpubox starts the locked one`,
					severity: 'note',
					fix: 'To move to the other one: gpubox lock --upgrade',
				},
			]
		: [
				{
					...here,
					found,
					where: `${image.reference} names another image on this host`,
					severity: 'blocks',
					fix:
						image.digest === null
							? 'Load the locked one (docker load), or lock again: gpubox lock'
							: `gpubox pull ${pinnedReference(image)}`,
				},
			];
}

function compareLayers(lock: LockedEnvironment, {layers}: Observed): Difference[] {
	return lock.layers.install !== undefined && layers.install !== undefined && lock.layers.install !== layers.install
		? [
				{
					what: 'layer of gpubox',
					locked: short(lock.layers.install),
					found: short(layers.install),
					where: 'another version of gpubox made the lock',
					severity: 'note',
					fix: 'gpubox lock',
				},
			]
		: [];
}

function compareRegistry({image}: LockedEnvironment, {registry}: Observed): Difference[] {
	if (registry === undefined) {
		return [];
	}

	const there = {what: 'registry', locked: short(image.digest), where: image.reference};
	if ('problem' in registry) {
		return [
			{...there, found: null, where: registry.problem, severity: 'note', fix: 'Try again when the registry answers.'},
		];
	}

	if (image.digest !== null && !registry.hasLocked) {
		return [
			{
				...there,
				found: short(registry.digest),
				where: 'the registry does not have the locked image any more, or shows it only after docker login',
				severity: 'differs',
				fix: 'docker login, or lock again: gpubox lock --upgrade',
			},
		];
	}

	if (image.digest === null) {
		// Whether that one is the locked one cannot be known.
		return registry.digest === null
			? []
			: [
					{
						...there,
						found: short(registry.digest),
						where: 'the registry has an image of this name; the lock is of one that had no digest',
						severity: 'note',
						fix: 'To move to it: gpubox lock --upgrade',
					},
				];
	}

	return registry.digest === image.digest
		? []
		: [
				{
					...there,
					found: short(registry.digest),
					where: `${image.reference} names another image in the registry now`,
					severity: 'note',
					fix: 'To move to it: gpubox lock --upgrade',
				},
			];
}

function compareBox({image}: LockedEnvironment, {box}: Observed): Difference[] {
	return box?.onLockedImage !== false
		? []
		: [
				{
					what: 'image of the box',
					locked: short(image.digest ?? image.rootfs),
					found: box.image,
					where: `box ${box.name} was created from another image`,
					severity: 'blocks',
					fix: 'gpubox up --recreate',
				},
			];
}

function compareBuilt({image}: LockedEnvironment, {built}: Observed): Difference[] {
	return built === undefined || built.onLockedImage
		? []
		: [
				{
					what: 'base image',
					locked: short(image.digest ?? image.rootfs),
					found: null,
					where: `${built.reference} is not built on the locked image`,
					severity: 'blocks',
					fix: 'gpubox push',
				},
			];
}

const insideNames = ['python', 'torch', 'cuda', 'cudnn', 'nccl', 'archs', 'glibc'] as const;

function compareInside(lock: LockedEnvironment, {found, where}: NonNullable<Observed['inside']>): Difference[] {
	const tell = (inside: LockedInside, name: (typeof insideNames)[number]) =>
		name === 'archs' ? inside.archs.join(' ') || null : inside[name];
	if (found.problem !== null) {
		return [
			{
				what: 'torch',
				locked: lock.inside.torch,
				found: null,
				where: `${where}: ${found.problem}`,
				severity: 'blocks',
				fix: fixInside(where),
			},
		];
	}

	// A CPU's PyTorch after one for CUDA is one difference, not five.
	return insideNames.flatMap((name): Difference[] => {
		const [before, now] = [tell(lock.inside, name), tell(found, name)];
		const torch = found.distributions.find((each) => each.name === 'torch');
		const from = name === 'torch' && torch ? `${where}, ${torch.path}` : where;
		return before === now
			? []
			: [{what: name, locked: before, found: now, where: from, severity: 'blocks', fix: fixInside(where, torch)}];
	});
}

function fixInside(where: string, found?: Distribution): string {
	if (found && found.from !== 'image') {
		return fixShadow(found);
	}

	return where.startsWith('box ') ? 'gpubox up --recreate' : where.startsWith('image ') ? 'gpubox push' : 'gpubox lock';
}

function fixShadow({name, from}: Distribution): string {
	return from === 'user'
		? `pip uninstall ${name} in the box, or ignore your own packages: --env PYTHONNOUSERSITE=1`
		: 'Take it out of PYTHONPATH';
}

function comparePackages(
	lock: LockedEnvironment,
	{postCreate}: Observed,
	{found, where, changes}: NonNullable<Observed['inside']>,
): Array<Difference & About> {
	const names = [...new Set([...Object.keys(lock.packages.pip), ...found.distributions.map(({name}) => name)])].sort();
	const inside = lock.inside;
	return names.flatMap((name): Array<Difference & About> => {
		const locked = lock.packages.pip[name];
		const now = found.distributions.find((each) => each.name === name);
		if (name === 'torch' && (found.problem !== null || inside.torch !== found.torch)) {
			return [];
		}

		const base = {what: name, locked: locked?.version ?? null, severity: 'differs', about: 'packages'} as const;
		if (now === undefined) {
			return [{...base, found: null, where: `${where}: it was removed`, fix: fixInside(where)}];
		}

		if (locked === undefined) {
			return [addition(now, where, postCreate)];
		}

		const same = locked.version === now.version && locked.record === now.record;
		if (!same) {
			const build = locked.version === now.version ? 'another build, ' : '';
			return [
				{...base, found: now.version, where: `${build}${origin(now, where, changes)}`, fix: fixInside(where, now)},
			];
		}

		const edited = editedFiles(now, changes);
		return edited === 0
			? []
			: [
					{
						...base,
						found: now.version,
						where: `${where}: ${edited} of its files ${edited === 1 ? 'was' : 'were'} changed in the box, ${now.path}`,
						fix: fixInside(where),
					},
				];
	});
}

function addition(now: Distribution, where: string, postCreate: boolean): Difference & About {
	return {
		what: now.name,
		locked: null,
		found: now.version,
		where: `${origin(now, where, [])}${postCreate ? '; postCreate may have installed it' : ''}`,
		// No lock knows what a command installs.
		severity: postCreate ? 'note' : 'differs',
		about: 'packages',
		fix: `Add it to packages.pip in gpubox.yaml and lock again: gpubox lock`,
	};
}

function origin(now: Distribution, where: string, changes: readonly FileChange[]): string {
	const over = now.shadows[0] ? `, shadows ${now.shadows[0].version} of the image` : '';
	if (now.from === 'user') {
		return `${where}: your own packages in ${now.path}${over}`;
	}

	if (now.from === 'pythonpath') {
		return `${where}: PYTHONPATH, ${now.path}${over}`;
	}

	return `${where}: ${editedFiles(now, changes) > 0 ? 'changed in the box, ' : ''}${now.path}${over}`;
}

/** How many of a package's files the box changed; compiled copies of them do not count. */
function editedFiles({path, tops}: Distribution, changes: readonly FileChange[]): number {
	const folder = `${path.replace(/\/+$/, '')}/`;
	const folders = tops.map((top) => folder + top);
	return changes.filter(
		({path: changed}) =>
			!changed.includes('/__pycache__') &&
			!changed.endsWith('.pyc') &&
			// A folder counts as changed when anything in it is.
			folders.some(
				(top) => (changed === top && /\.\w+$/.test(top) && !top.endsWith('-info')) || changed.startsWith(`${top}/`),
			),
	).length;
}

function compareApt(
	lock: LockedEnvironment,
	{found, where}: NonNullable<Observed['inside']>,
): Array<Difference & About> {
	return Object.entries(lock.packages.apt)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.flatMap(([name, version]): Array<Difference & About> => {
			const now = found.apt[name] ?? null;
			return now === version
				? []
				: [
						{
							what: `${name} (apt)`,
							locked: version,
							found: now,
							where,
							severity: 'differs',
							about: 'packages',
							fix: fixInside(where),
						},
					];
		});
}

/** What gpubox itself sets in every box and job, for paths and the order of cards. */
const own = new Set([
	...['CUDA_DEVICE_ORDER', 'CUDA_CACHE_PATH', 'TORCH_HOME', 'TORCHINDUCTOR_CACHE_DIR'],
	...[
		'PYTHONUSERBASE',
		'PYTHONNOUSERSITE',
		'PYTHONUNBUFFERED',
		'NCCL_CUMEM_HOST_ENABLE',
		'TORCH_ELASTIC_SHUTDOWN_TIMEOUT',
	],
]);

function compareEnvironment(
	{projectEnvironment}: Observed,
	{found, where, imageEnvironment}: NonNullable<Observed['inside']>,
): Difference[] {
	return Object.entries(found.environment).flatMap(([name, value]): Difference[] => {
		const before = imageEnvironment[name] ?? null;
		if (before === value || own.has(name)) {
			return [];
		}

		const agreed = projectEnvironment[name] === value;
		return [
			{
				what: name,
				locked: before,
				found: value,
				where: `${where}: ${agreed ? 'env in gpubox.yaml' : 'its environment'} beats the image's`,
				severity: agreed ? 'note' : 'differs',
				fix: agreed ? '' : `gpubox up --recreate without ${name}, or set it for everyone: env in gpubox.yaml`,
			},
		];
	});
}

/** What a lock demands of driver and cards, against those of a host. */
export function compareHost(lock: LockedEnvironment, {host}: Pick<Observed, 'host'>): Difference[] {
	return host === undefined ? [] : [...compareDriver(lock, host), ...compareCards(lock, host)];
}

function compareDriver({floor, inside}: LockedEnvironment, {driver}: NonNullable<Observed['host']>): Difference[] {
	const wanted = parseVersion(floor.driver);
	const base = {what: 'driver', locked: floor.driver, found: driver, where: 'this host'};
	const found = parseVersion(driver);
	if (wanted === undefined) {
		return [];
	}

	if (found === undefined) {
		return [{...base, where: 'the driver of this host could not be read', severity: 'note', fix: 'gpubox doctor'}];
	}

	if (compareVersions(found, wanted) >= 0) {
		return [];
	}

	const least = parseVersion(floorOfMajor(parseVersion(inside.cuda)?.[0] ?? 0));
	return least !== undefined && compareVersions(found, least) >= 0
		? [
				{
					...base,
					where: `this host: CUDA ${inside.cuda} runs on it only by minor-version compatibility, without compiling at run time`,
					severity: 'note',
					fix: `Install driver ${floor.driver} or newer.`,
				},
			]
		: [{...base, severity: 'blocks', fix: `Install driver ${floor.driver} or newer: gpubox doctor`}];
}

function compareCards({inside}: LockedEnvironment, {gpus}: NonNullable<Observed['host']>): Difference[] {
	return gpus.flatMap(({index, name, computeCapability}): Difference[] => {
		if (computeCapability === null || inside.archs.length === 0 || runsOn(inside.archs, computeCapability)) {
			return [];
		}

		return [
			{
				what: `GPU ${index}`,
				locked: inside.archs.join(' '),
				found: computeCapability,
				where: `this host: ${name}`,
				severity: 'blocks',
				fix: 'Use other GPUs (--gpus), or an image that was compiled for this one: gpubox images',
			},
		];
	});
}

/** Machine code for the card, or PTX that its driver can compile. */
function runsOn(archs: readonly string[], card: string): boolean {
	const cardVersion = parseVersion(card) ?? [];
	return archs.some((arch) => {
		const made = capabilityOf(arch);
		if (made === undefined) {
			return false;
		}

		return arch.startsWith('compute_')
			? compareVersions(parseVersion(made) ?? [], cardVersion) <= 0
			: /[a-z]$/.test(arch)
				? made === card
				: codeRunsOn(made, card);
	});
}
