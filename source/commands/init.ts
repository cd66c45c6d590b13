import {realpathSync, renameSync, statSync, writeFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {join, resolve} from 'node:path';
import {listBoxes} from '../box/list.ts';
import {exitCode, Failure} from '../failure.ts';
import type {GpuFacts} from '../gpu/gpu.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {findProject, resolveFolder, toFailure} from '../settings/file.ts';
import {readSettings} from '../settings/read.ts';
import {writeProjectFile} from '../settings/write.ts';
import {safeText} from '../text/safe.ts';
import {type Asker, makeAsker} from './ask.ts';
import {makeOffer} from './image-offer.ts';
import {
	type Answers,
	boxNameFor,
	cardLines,
	faultOfGpus,
	namesOfCards,
	planLines,
	settingsFor,
	type Use,
	useFacts,
	uses,
} from './init-plan.ts';
import {loadSettings} from './settings.ts';

export type InitOptions = {
	host?: string | undefined;
	directory: string;
	use?: Use | undefined;
	gpus?: string | undefined;
	/** False for `--no-data`. */
	data?: string | boolean | undefined;
	image?: string | undefined;
	name?: string | undefined;
	start?: boolean | undefined;
	yes?: true | undefined;
	force?: true | undefined;
};

/**
Looks at the host, asks what flags do not say, shows the plan, writes gpubox.yaml and starts the box when wanted. Until the plan is
agreed to nothing is written, so it can be left at any question and run again.
*/
export async function init(options: InitOptions, signal: AbortSignal): Promise<void> {
	const folder = resolveFolder(options.directory, process.cwd());
	const file = placeFor(folder, options.force ?? false);
	const asks = Boolean(process.stdin.isTTY) && !options.yes;
	if (!asks && options.use === undefined && !options.yes) {
		throw new Failure('There is nobody to ask here, and --use is not given.', {
			fix: 'For example: gpubox init --use notebook --gpus 1. Or take what is suggested: gpubox init --yes',
			exitCode: exitCode.usage,
		});
	}

	const host = openHost(options);
	const look = await lookAtHost(host, signal);
	tell(look.lines);
	const asker = asks ? makeAsker(signal) : undefined;
	let answers: Answers;
	let starts: boolean;
	try {
		answers = await gatherAnswers(options, look, asker);
		const text = textOf(answers, folder);
		tell(['', 'The plan:', '', ...planLines(answers, {file, why: options.image === undefined ? look.why : ''}), '']);
		if (asker && !(await asker.agree('Write it?'))) {
			throw new Failure('Nothing was written.', {fix: 'Run gpubox init again when you like.'});
		}

		write(file, text, options.force ?? false);
		process.stdout.write(`Wrote ${safeText(file)}\n`);
		starts = options.start ?? (asker !== undefined && look.engine && (await asker.agree('Start the box now?')));
	} finally {
		// `up` may have a question of its own: for a secret.
		asker?.close();
	}

	if (starts) {
		process.stdout.write('\n');
		const {upCommand} = await import('./up.ts');
		await upCommand({directory: folder, host: options.host}, signal);
	}

	const name = (starts && (await nameOfBox(host, folder))) || boxNameFor(host.person.name, folder, options.name);
	process.stdout.write(`\n${cardLines(name, answers).join('\n')}\n`);
}

/** Where the file goes. @throws Failure when there is one already */
function placeFor(folder: string, force: boolean): string {
	const {file, project} = findProject(folder);
	if (file !== undefined && !force) {
		throw new Failure(`There is a gpubox.yaml already: ${safeText(file)}`, {
			fix: 'Change it there (docs/configuration.md lists the settings), or write it anew: gpubox init --force',
		});
	}

	// Under the name it has: two spellings in one folder would be refused.
	return file !== undefined && project === folder ? file : join(folder, 'gpubox.yaml');
}

type Look = {
	/** What was found, to be told. */
	lines: string[];
	cards: GpuFacts[];
	/** The image recommended here, and why. */
	image: string | undefined;
	why: string;
	/** It answers, so a box can be started. */
	engine: boolean;
};

async function lookAtHost(host: Host, signal: AbortSignal): Promise<Look> {
	// What a person prefers has no place in the team's file, and what it offers is not known yet.
	const settings = loadSettings('.', {files: false}).then((all) => ({
		...all,
		settings: {...all.settings, services: []},
	}));
	const {suggestions, troubles, gpus, engine} = await makeOffer(host, settings, signal);
	const best = suggestions.find(({recommended}) => recommended);
	return {
		lines: [
			gpus.length > 0 ? `This host has ${namesOfCards(gpus)}.` : 'This host has no GPU that can be used.',
			...troubles.flatMap(({message, fix}) => [message, `  → ${fix}`]),
		],
		cards: gpus,
		image: best?.image.reference,
		why: best?.why ?? '',
		engine,
	};
}

async function gatherAnswers(options: InitOptions, look: Look, asker: Asker | undefined): Promise<Answers> {
	const use = options.use ?? (asker ? await askUse(asker) : 'notebook');
	const gpus = options.gpus ?? (look.cards.length > 0 ? await askGpus(look, asker) : undefined);
	const fault = gpus === undefined ? undefined : faultOfGpus(gpus, []);
	if (fault !== undefined) {
		throw new Failure(fault, {exitCode: exitCode.usage});
	}

	return {
		use,
		gpus,
		data: await dataFolder(options.data, asker),
		image: options.image ?? look.image,
		name: options.name,
	};
}

async function askUse(asker: Asker): Promise<Use> {
	tell(['', 'What is it for?', ...uses.map((use, index) => `  ${index + 1}  ${use.padEnd(10)} ${useFacts[use].says}`)]);
	const meant = (answer: string) =>
		uses.find((use, index) => answer === String(index + 1) || use.startsWith(answer.toLowerCase()));
	const answer = await asker.ask('1, 2 or 3?', '1', (given) => (meant(given) ? undefined : 'One of 1, 2 and 3.'));
	return meant(answer) ?? 'notebook';
}

async function askGpus({cards}: Look, asker: Asker | undefined): Promise<string> {
	return asker ? asker.ask('How many GPUs? A number, all, or none.', '1', (answer) => faultOfGpus(answer, cards)) : '1';
}

const usualPlaces = ['/data', '/datasets', '/mnt/data', '/srv/data'];

async function dataFolder(given: string | boolean | undefined, asker: Asker | undefined): Promise<string | undefined> {
	if (given === false || (given === undefined && !asker)) {
		return undefined;
	}

	if (asker && given === undefined) {
		const likely = usualPlaces.find((place) => faultOfFolder(place) === undefined) ?? 'none';
		const answer = await asker.ask('Where is the data? A folder, or none.', likely, (text) =>
			text === 'none' ? undefined : faultOfFolder(text),
		);
		return answer === 'none' ? undefined : toPath(answer);
	}

	const fault = faultOfFolder(String(given));
	if (fault !== undefined) {
		throw new Failure(fault, {fix: 'Make it first, name another, or --no-data.', exitCode: exitCode.usage});
	}

	return toPath(String(given));
}

function faultOfFolder(text: string): string | undefined {
	const path = toPath(text);
	if (path.includes(':')) {
		return 'A folder with ":" in its name cannot be mounted.';
	}

	try {
		return statSync(path).isDirectory() ? undefined : `${safeText(path)} is no folder.`;
	} catch {
		return `There is no folder ${safeText(path)}.`;
	}
}

function toPath(text: string): string {
	return text === '~' || text.startsWith('~/') ? join(homedir(), text.slice(2)) : resolve(text);
}

/** The file's text, which `up` will surely take. @throws Failure (usage) for an answer that it would not */
function textOf(answers: Answers, folder: string): string {
	const text = writeProjectFile(settingsFor(answers));
	const {mistakes} = readSettings(text, {place: 'gpubox.yaml', shownAs: 'gpubox.yaml', base: folder});
	if (mistakes.length > 0) {
		throw toFailure('gpubox.yaml', mistakes);
	}

	return text;
}

/** Without `force` not over one that somebody else has written meanwhile; with it whole or not at all. */
function write(file: string, text: string, force: boolean): void {
	const draft = `${file}.new`;
	try {
		if (force) {
			writeFileSync(draft, text);
			renameSync(draft, file);
		} else {
			writeFileSync(file, text, {flag: 'wx'});
		}
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		throw new Failure(
			`${safeText(file)} cannot be written: ${code === 'EEXIST' ? 'it is there by now' : safeText(message)}`,
			{
				fix: 'Look at the folder, and who may write there.',
				cause: error,
			},
		);
	}
}

async function nameOfBox({engine, person}: Host, folder: string): Promise<string | undefined> {
	const project = realpathSync(folder);
	const boxes = await listBoxes(engine);
	return boxes.find((box) => box.project === project && box.owner === person.name)?.name;
}

function tell(lines: string[]): void {
	process.stderr.write(`${lines.join('\n')}\n`);
}
