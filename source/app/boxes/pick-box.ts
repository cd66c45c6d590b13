/** Which box a verb is about: the one named, or without a name the caller's box for the current folder. */

import {exitCode, Failure} from '../../base/failure.ts';
import type {Box} from '../../box/box.ts';
import {findBox, listBoxes, ownerText} from '../../box/list.ts';
import {ownNames} from '../../box/name.ts';
import type {Host} from '../../host/host.ts';
import {findProject, resolveFolder} from '../../settings/file.ts';
import {safeText} from '../../text/safe.ts';

/** Docker's own commands for a container that is not a box. */
const dockerCommands = {
	stop: 'docker stop',
	start: 'docker start',
	restart: 'docker restart',
	rm: 'docker rm',
	logs: 'docker logs',
	attach: 'docker exec -it',
	open: 'docker port',
	kernels: 'docker top',
	check: 'docker top',
} as const;

type VerbOfBox = keyof typeof dockerCommands;

/** @throws Failure: no such box; usage, when several could be meant */
export async function pickBox(
	host: Host,
	given: string | undefined,
	verb: VerbOfBox,
	signal: AbortSignal,
): Promise<Box> {
	return given === undefined ? boxHere(host, signal) : findBox(host, given, signal, dockerCommands[verb]);
}

/**
All boxes and runs named; the box of this folder when none is. All names are looked up before anything is done, so that a mistyped one
changes nothing. A run that has ended is left out, with a note.
*/
export async function pickBoxes(
	host: Host,
	names: readonly string[],
	verb: VerbOfBox,
	signal: AbortSignal,
): Promise<Box[]> {
	if (names.length === 0) {
		return [await boxHere(host, signal)];
	}

	const found = await Promise.all(names.map((name) => find(host, name, verb, signal)));
	return found.filter((each) => each !== undefined);
}

/** A box, or the container of a run. Undefined for a run that has ended: nothing of it is left to act on. */
async function find(host: Host, given: string, verb: VerbOfBox, signal: AbortSignal): Promise<Box | undefined> {
	try {
		return await findBox(host, given, signal, dockerCommands[verb]);
	} catch (error) {
		if (!(error instanceof Failure && error.exitCode === exitCode.noSuchBox)) {
			throw error;
		}

		const {findRun} = await import('../runs/find.ts');
		const run = findRun(host, given);
		if (run === undefined) {
			throw error;
		}

		if (run.ended === null && run.name !== given) {
			return findBox(host, run.name, signal);
		}

		process.stderr.write(
			`${run.name} has ended and its container is gone. What it left is in ${safeText(run.folder)}\n`,
		);
		return undefined;
	}
}

/**
The arguments of a verb with an optional box and a command: `gpubox attach -- nvidia-smi` names no box.

@param words of the command line; all after `--` belongs to the command
*/
export function splitCommand(
	name: string | undefined,
	command: string[],
	words: readonly string[] = process.argv,
): {name: string | undefined; command: string[]} {
	const dashes = words.indexOf('--');
	const given = name === undefined ? command : [name, ...command];
	return dashes !== -1 && words.length - dashes - 1 === given.length
		? {name: undefined, command: given}
		: {name, command};
}

/** The caller's box for the current folder; never another user's. */
async function boxHere(host: Host, signal: AbortSignal): Promise<Box> {
	if (!host.engine.local) {
		throw new Failure('No box specified, and the folders of another machine are not here.', {
			fix: 'Specify it by name: gpubox ls lists them',
			exitCode: exitCode.usage,
		});
	}

	const {project} = findProject(resolveFolder('.', process.cwd()));
	const all = (await listBoxes(host, signal)).filter(
		({projectPath, job}) => projectPath === project && job === undefined,
	);
	const own = all.filter(({mine}) => mine);
	const [only, ...more] = own;
	if (only && more.length === 0) {
		return only;
	}

	const names = own.length === 0 ? [] : ownNames(host.person, project, await titleOf(project));
	const usual = own.find(({name}) => names.includes(name));
	if (usual) {
		return usual;
	}

	const list = (boxes: Box[]) =>
		boxes.map((box) => (box.mine ? box.name : `${box.name} (${ownerText(box)})`)).join(', ');
	throw own.length === 0
		? new Failure('You have no box for this folder.', {
				fix:
					all.length === 0
						? 'Create one: gpubox up. Or specify a box: gpubox ls lists them'
						: `Others have: ${list(all)}. Specify one, or create your own: gpubox up`,
				exitCode: exitCode.noSuchBox,
			})
		: new Failure(`You have several boxes for this folder: ${list(own)}.`, {
				fix: 'Specify one.',
				exitCode: exitCode.usage,
			});
}

/** The project's title in gpubox.yaml. A mistake in that file must not keep a box from being stopped. */
async function titleOf(project: string): Promise<string | undefined> {
	const {loadSettings} = await import('../load-settings.ts');
	try {
		return (await loadSettings(project)).settings.name;
	} catch (error) {
		if (error instanceof Failure) {
			return undefined;
		}

		throw error;
	}
}
