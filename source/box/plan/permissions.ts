/**
What a project requests beyond an ordinary box (image, GPUs, limits, ports, packages and plain variables). Nothing here reads or
decides; it lists what the user must be asked.
*/
import {createHash} from 'node:crypto';
import {realpathSync} from 'node:fs';
import {isAbsolute, relative} from 'node:path';
import type {Mount} from '../../engine/engine.ts';
import {parseReference} from '../../image/reference.ts';
import {whatVariableChanges} from '../../settings/loading-variables.ts';
import type {Sourced} from '../../settings/merge.ts';
import {visibleLines, visibleText} from '../../text/visible.ts';
import {type KeyFile, readKeys} from '../ssh/login-keys.ts';
import {isLoopback} from './image-sshd.ts';
import {holdsEngineSocket} from './mount-warnings.ts';

/** One thing that is requested. */
export type Ask = {
	/** The setting: `mounts`, `env.LD_PRELOAD`. */
	key: string;
	/** The value as it is shown: complete and safe to print. Several lines for a command of several. */
	lines: string[];
	/** What it means, as the end of a line. */
	why: string;
	/** The exact bytes that are agreed to. */
	exact: string;
	/** It needs a question of its own, wherever it was set. */
	alone?: true;
};

/** The facts at the time of the question. The box is created from the same values: nothing is read again after the answer. */
export type AskFacts = {
	/** Absolute, links resolved. */
	project: string;
	/** The settings with their origins. */
	winners: readonly Sourced[];
	/** Those of the settings, in their order, sources resolved. */
	mounts: readonly Mount[];
	/** The files that `ssh.keys` of gpubox.yaml names, with their content. */
	keyFiles: readonly KeyFile[];
	/** Secrets named on the command line. */
	givenSecrets: readonly string[];
	/** The user's home, links resolved. */
	homes: readonly string[];
	/** Of the engine. */
	address: string;
};

/** Registries of the catalogue. */
export const knownRegistries: readonly string[] = ['docker.io', 'nvcr.io', 'quay.io', 'ghcr.io'];

/** Everything that needs consent, in the order of the settings. */
export function whatItAsks(facts: AskFacts): Ask[] {
	const {winners, mounts} = facts;
	const sources = winners.filter(({key}) => key === 'mounts');
	return [
		...asksOfProject(facts),
		...sources.flatMap(({origin}, place) => asksOfMount(mounts[place], origin.place === 'gpubox.yaml', facts)),
		...winners.filter(({origin}) => origin.place === 'gpubox.yaml').flatMap((winner) => askOf(winner, facts)),
	];
}

/** A digest of what was agreed to. */
export function digestOf({key, exact, alone}: Ask): string {
	return createHash('sha256')
		.update(JSON.stringify([key, exact, alone ?? false]))
		.digest('hex');
}

/** Those that were not agreed to yet. */
export function notAgreed(asks: readonly Ask[], agreed: readonly string[]): Ask[] {
	return asks.filter((ask) => !agreed.includes(digestOf(ask)));
}

/** The lines that show some of them. */
export function tellAsks(asks: readonly Ask[]): string[] {
	const width = Math.min(18, Math.max(0, ...asks.map(({key}) => key.length)));
	return asks.flatMap(({key, lines: [first = '', ...others], why}) => {
		const shown = [first, ...others].map((line) => line || ' ');
		const last = shown.length - 1;
		return shown.map(
			(line, place) =>
				`${(place === 0 ? visibleText(key) : '').padEnd(width)}  ${line}${place === last ? `  (${why})` : ''}`,
		);
	});
}

const home = 'your whole home, with its keys and logins';

function asksOfProject({project, homes}: AskFacts): Ask[] {
	return homes.some((folder) => isWithin(project, folder))
		? [
				{
					key: 'project',
					lines: [visibleText(project)],
					why: home,
					exact: project,
					alone: true,
				},
			]
		: [];
}

function asksOfMount(mount: Mount | undefined, isTeams: boolean, facts: AskFacts): Ask[] {
	const source = mount?.source;
	if (mount === undefined || source === undefined) {
		return [];
	}

	const ask = {
		key: 'mounts',
		lines: [`${visibleText(source)} at ${visibleText(mount.target)}, ${mount.readOnly ? 'read-only' : 'writable'}`],
		exact: JSON.stringify([source, mount.target, mount.readOnly ?? false]),
	};
	if (holdsEngineSocket(source, facts.address)) {
		return [{...ask, why: "the engine's socket: what runs in the box can become root on this machine", alone: true}];
	}

	if (facts.homes.some((folder) => isWithin(source, folder))) {
		return [{...ask, why: home, alone: true}];
	}

	return isTeams && !isWithin(facts.project, source) ? [{...ask, why: 'outside of the project'}] : [];
}

function askOf({key, value}: Sourced, {keyFiles, givenSecrets}: AskFacts): Ask[] {
	const text = String(value);
	const ask = (why: string, lines = [visibleText(text)], exact = text): Ask[] => [{key, lines, why, exact}];
	switch (key) {
		case 'secrets':
			return givenSecrets.includes(text) ? [] : ask('one of your secrets');
		case 'bind':
			return isLoopback(text) ? [] : ask('reachable over the network, unencrypted');
		case 'postCreate':
			return ask('runs in the box, as you', visibleLines(text));
		case 'publish':
			return ask('runs in the image after each job that succeeded, as you', visibleLines(text));
		case 'packages.pip':
			return isPlainPackage(text) ? [] : ask('not a plain package from the index');
		case 'image':
			return isKnownRegistry(text) ? [] : ask('an unknown registry');
		case 'images': {
			const {reference} = value as {reference: string};
			return isKnownRegistry(reference) ? [] : ask('an unknown registry', [visibleText(reference)], reference);
		}

		case 'ssh.keys': {
			const file = keyFiles.find(({said}) => said === text);
			const keys = readKeys(file?.content ?? '');
			return ask(
				keys.length === 1 ? 'this key may log in as you' : 'these keys may log in as you',
				[visibleText(text), ...keys.map(fingerprint)],
				JSON.stringify([text, ...keys]),
			);
		}

		default: {
			const variable = key.startsWith('env.') ? whatVariableChanges(key.slice('env.'.length)) : undefined;
			return variable === undefined ? [] : ask(variable, visibleLines(text));
		}
	}
}

/**
A name with versions and conditions, which pip installs from its index. A location (`name @ https://…`, `git+…`, a path) or an option
of pip is something else.
*/
export function isPlainPackage(text: string): boolean {
	return (
		/^[A-Za-z0-9][\w.-]*(?:\s*\[[\w.,\s-]*\])?(?:\s*\(?\s*(?:===|[=!<>~]=|[<>])\s*[\w.*+!-]+(?:\s*,\s*(?:===|[=!<>~]=|[<>])\s*[\w.*+!-]+)*\s*\)?)?(?:\s*;[\w\s.'"<>=!~(),]*)?(?:\s+#.*)?$/.test(
			text,
		) && !/\.(?:whl|zip|tar|tar\.\w+|tgz|tbz|txz)$/i.test(text)
	);
}

function isKnownRegistry(text: string): boolean {
	const reference = parseReference(text);
	// An invalid reference is refused where images are judged.
	return reference === undefined || knownRegistries.includes(reference.registry);
}

/** `SHA256:… comment`, as ssh-keygen shows a key. */
function fingerprint(line: string): string {
	const [type = '', blob = '', ...comment] = line.split(' ');
	const hash = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '');
	return visibleText(`SHA256:${hash} ${comment.join(' ') || type}`);
}

function isWithin(folder: string, path: string): boolean {
	const way = relative(folder, path);
	return way === '' || !(way === '..' || way.startsWith('../') || isAbsolute(way));
}

/** The homes of a user: HOME, and the one in /etc/passwd. */
export function homesOf(paths: ReadonlyArray<string | undefined>): string[] {
	return [
		...new Set(
			paths.flatMap((path) => {
				if (path === undefined || !isAbsolute(path) || path === '/') {
					return [];
				}

				try {
					return [realpathSync(path)];
				} catch {
					return [path];
				}
			}),
		),
	];
}
