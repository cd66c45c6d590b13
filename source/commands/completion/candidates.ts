/** Looks up the names that a shell offers. A shell asks while the user types: what does not arrive quickly is left out. */
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {homeFolder} from '../../base/home.ts';
import type {Box} from '../../box/box.ts';
import type {Host} from '../../host/host.ts';
import {openHost} from '../../host/open-host.ts';
import type {Candidate, Lookup} from './complete.ts';

/** The boxes that a verb applies to. */
const suits: Record<string, (box: Box) => boolean> = {
	start: ({state}) => state !== 'running',
	stop: ({state}) => state === 'running',
	attach: ({state}) => state === 'running',
	kernels: ({state, services}) => state === 'running' && services.includes('jupyter'),
	extend: ({mine, until}) => mine && until !== undefined,
	ask: ({mine}) => !mine,
	open: ({services}) => services.includes('jupyter'),
	ssh: ({services}) => services.includes('ssh'),
};

/** @throws Failure, EngineError */
export async function lookUp(
	look: Lookup,
	{host: given, signal}: {host?: string | undefined; signal: AbortSignal},
): Promise<Candidate[]> {
	switch (look.kind) {
		case 'hosts':
			return hosts();
		case 'settings': {
			const {personalSettings} = await import('../../settings/personal.ts');
			return personalSettings().map(({key, says}) => ({value: key, description: says}));
		}

		case 'boxes':
			return boxes(openHost({host: given, quiet: true}), signal, suits[look.verb]);
		case 'runs':
			return runs(openHost({host: given, quiet: true}));
		case 'images':
			return images(openHost({host: given, quiet: true}), signal);
		case 'boxes-and-images': {
			const host = openHost({host: given, quiet: true});
			const found = await Promise.all([boxes(host, signal), localImages(host)]);
			return found.flat();
		}
	}
}

/** The caller's own first. */
async function boxes(host: Host, signal: AbortSignal, suits: (box: Box) => boolean = () => true): Promise<Candidate[]> {
	const {listBoxes} = await import('../../box/list.ts');
	const all = (await listBoxes(host, signal)).filter(suits);
	return [...all.filter(({mine}) => mine), ...all.filter(({mine}) => !mine)].map(({name, state, owner, image}) => ({
		value: name,
		description: `${state}, ${owner}, ${image}`,
	}));
}

/** The newest first: those of this host, then those that were started from here on others, by what is kept here of their last answer. */
async function runs(host: Host): Promise<Candidate[]> {
	const [{listRuns}, {recordsElsewhere}, {nameElsewhere}, {safeText}] = await Promise.all([
		import('../../app/runs/find.ts'),
		import('../../app/runs/elsewhere.ts'),
		import('../../app/runs/name-elsewhere.ts'),
		import('../../text/safe.ts'),
	]);
	const here = listRuns(host).map(({run, state}) => ({
		value: run.name,
		description: `${state}, ${safeText(run.command.join(' '))}`,
	}));
	const there = recordsElsewhere(host.paths)
		.filter((record) => record.there !== null)
		.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
		.map((record) => ({
			value: nameElsewhere(record),
			description: `on ${safeText(record.host)}, ${safeText(record.command.join(' '))}`,
		}));
	return [...here, ...there];
}

async function images(host: Host, signal: AbortSignal): Promise<Candidate[]> {
	const {entries} = await import('../../app/images/local-images.ts').then(({loadCatalogue}) => loadCatalogue([]));
	// The catalogue is useful without an engine, too.
	const here = await Promise.race([localImages(host), rejectWhen(signal)]).catch(() => []);
	const known = new Set(here.map(({value}) => value));
	return [
		...here,
		...entries
			.filter(({reference}) => !known.has(reference))
			.map(({reference, framework, version, cuda}) => ({
				value: reference,
				description: [framework, version, cuda && `CUDA ${cuda}`].filter(Boolean).join(' '),
			})),
	];
}

async function localImages({engine}: Host): Promise<Candidate[]> {
	const [{derivedFrom}, {safeText}, all] = await Promise.all([
		import('../../box/layer-labels.ts'),
		import('../../text/safe.ts'),
		engine.listImages(),
	]);
	return all
		.filter(({labels}) => labels[derivedFrom] === undefined)
		.flatMap(({tags}) => tags.map((tag) => ({value: safeText(tag), description: 'on this host'})));
}

export function rejectWhen(signal: AbortSignal): Promise<never> {
	return new Promise((_, reject) => {
		signal.addEventListener('abort', () => reject(signal.reason), {once: true});
	});
}

/** The machines of the settings, then Docker's contexts. */
async function hosts(): Promise<Candidate[]> {
	const {loadPersonalSettings} = await import('../../app/load-settings.ts');
	const {hosts: listed = []} = await loadPersonalSettings();
	return [...listed.map((value) => ({value})), ...contexts(process.env).filter(({value}) => !listed.includes(value))];
}

/** The names of Docker's contexts. */
function contexts(environment: NodeJS.ProcessEnv): Candidate[] {
	const folder = join(environment.DOCKER_CONFIG || join(homeFolder(environment), '.docker'), 'contexts/meta');
	if (!existsSync(folder)) {
		return [];
	}

	return readdirSync(folder).map((id) => {
		const {Name} = JSON.parse(readFileSync(join(folder, id, 'meta.json'), 'utf8')) as {Name: string};
		return {value: Name};
	});
}
