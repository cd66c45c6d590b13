import {realpathSync} from 'node:fs';
import {loadSettings} from '../app/load-settings.ts';
import {openPrompt, type Prompt} from '../app/prompt.ts';
import {type Look, lookAtHost} from '../app/setup/inspect-host.ts';
import {agreeToOwnAnswers} from '../app/setup/own-answers.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {listBoxes} from '../box/list.ts';
import {findOwn} from '../box/up/resolve-spec.ts';
import type {Host} from '../host/host.ts';
import {openHost} from '../host/open-host.ts';
import {resolveFolder} from '../settings/file.ts';
import {forgetDraft, keepDraft, readDraft} from '../setup/draft.ts';
import {faultOfFolder, likelyFolders, toPath} from '../setup/folders.ts';
import {
	type Answers,
	answersOf,
	boxNameFor,
	cardLines,
	type Draft,
	faultOfGpus,
	isBegun,
	namesOfCards,
	planLines,
	type Use,
	useFacts,
	uses,
} from '../setup/plan.ts';
import {placeFor, textOf, writeFileOnce} from '../setup/project-file.ts';
import {safeText} from '../text/safe.ts';
import {printJson} from './output/json.ts';

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
	json?: true | undefined;
};

/**
Inspects the host, asks what the flags leave open, shows the plan, writes gpubox.yaml and starts the box on request. It can be
cancelled at any question: until the plan is confirmed only the answers are saved, and suggested the next time.
*/
export async function init(options: InitOptions, signal: AbortSignal): Promise<void> {
	if (options.json && options.start) {
		throw new Failure('--json and --start exclude each other.', {
			fix: 'Start the box afterwards: gpubox up --json',
			exitCode: exitCode.usage,
		});
	}

	const folder = resolveFolder(options.directory, process.cwd());
	const file = placeFor(folder, options.force ?? false);
	const asks = Boolean(process.stdin.isTTY) && !options.yes;
	if (!asks && options.use === undefined && !options.yes) {
		throw new Failure('Not a terminal, and --use is missing.', {
			fix: 'For example: gpubox init --use notebook --gpus 1. Or accept all suggestions: gpubox init --yes',
			exitCode: exitCode.usage,
		});
	}

	const host = openHost(options);
	const look = await lookAtHost(host, signal);
	tell([
		look.cards.length > 0 ? `This host has ${namesOfCards(look.cards)}.` : 'This host has no usable GPU.',
		...look.troubles.flatMap(({message, fix}) => [message, `  → ${fix}`]),
	]);
	const prompt = asks ? openPrompt(signal) : undefined;
	let answers: Answers;
	let starts: boolean;
	try {
		const draft = prompt ? await askAll(options, look, prompt, notesOf(host, folder)) : await answerAll(options, look);
		answers = answersOf(draft, look.image);
		const text = textOf(answers, folder);
		const about = {file, why: draft.image === undefined ? look.why : '', downloads: look.downloads};
		tell(['', 'The plan:', '', ...planLines(answers, about), '']);
		if (prompt && !(await prompt.confirm('Write it?', 'yes'))) {
			throw new Failure('Nothing was written.', {fix: 'Your answers are saved. To continue: gpubox init'});
		}

		writeFileOnce(file, text, options.force ?? false);
		await agreeToOwnAnswers(host, folder, text);
		forgetDraft(host.paths, folder);
		if (!options.json) {
			process.stdout.write(`Wrote ${safeText(file)}\n`);
		}

		starts =
			options.start ??
			(!options.json && prompt !== undefined && look.canStart && (await prompt.confirm('Start the box now?', 'yes')));
	} finally {
		// `up` may prompt as well: for a secret.
		prompt?.close();
	}

	if (starts) {
		process.stdout.write('\n');
		const {upCommand} = await import('./up.ts');
		await upCommand({directory: folder, host: options.host}, () => ['up'], signal);
	}

	const name =
		(starts && (await nameOfBox(host, folder, signal))) || (await boxNameFor(host.person.name, folder, answers.name));
	if (options.json) {
		printJson({file: safeText(file), box: name, use: answers.use});
	} else {
		process.stdout.write(`\n${cardLines(name, answers).join('\n')}\n`);
	}
}

/** The answers of an earlier run, and a way to save those of this one. */
type Notes = {earlier: Draft; keep: (draft: Draft) => void};

function notesOf({paths}: Host, folder: string): Notes {
	return {earlier: readDraft(paths, folder), keep: (draft) => keepDraft(paths, folder, draft)};
}

/** Asks the user; each answer is saved at once, because they may cancel at any question. */
async function askAll(options: InitOptions, look: Look, prompt: Prompt, {earlier, keep}: Notes): Promise<Draft> {
	if (isBegun(earlier)) {
		tell(['', 'Resuming from your saved answers.']);
	}

	let draft: Draft = {...earlier, ...(await givenBy(options))};
	const answer = (more: Draft) => {
		draft = {...draft, ...more};
		keep(draft);
	};

	answer({});
	if (options.use === undefined) {
		answer({use: await askUse(prompt, draft.use)});
	}

	if (options.gpus === undefined && look.cards.length > 0) {
		answer({gpus: await askGpus(look, prompt, draft.gpus)});
	}

	if (options.data === undefined) {
		answer({data: await askData(prompt, draft.data)});
	}

	return draft;
}

/** Without a prompt the defaults apply: a script must not depend on answers saved by an earlier interactive run. */
async function answerAll(options: InitOptions, {cards}: Look): Promise<Draft> {
	return {use: 'notebook', data: null, ...(cards.length > 0 ? {gpus: '1'} : {}), ...(await givenBy(options))};
}

/** What the flags answer. @throws Failure (usage) */
async function givenBy({use, gpus, data, image, name}: InitOptions): Promise<Draft> {
	const fault = gpus === undefined ? undefined : faultOfGpus(gpus, []);
	if (fault !== undefined) {
		throw new Failure(fault, {exitCode: exitCode.usage});
	}

	const noFolder = typeof data === 'string' ? await faultOfFolder(data) : undefined;
	if (noFolder !== undefined) {
		throw new Failure(noFolder, {fix: 'Create it first, choose another, or use --no-data.', exitCode: exitCode.usage});
	}

	return {
		...(use === undefined ? {} : {use}),
		...(gpus === undefined ? {} : {gpus}),
		...(data === undefined ? {} : {data: typeof data === 'string' ? toPath(data) : null}),
		...(image === undefined ? {} : {image}),
		...(name === undefined ? {} : {name}),
	};
}

async function askUse(prompt: Prompt, earlier: Use = 'notebook'): Promise<Use> {
	tell(['', 'What is it for?', ...uses.map((use, index) => `  ${index + 1}  ${use.padEnd(10)} ${useFacts[use].says}`)]);
	const meant = (answer: string) =>
		uses.find((use, index) => answer === String(index + 1) || use.startsWith(answer.toLowerCase()));
	const answer = await prompt.text('1, 2 or 3?', String(uses.indexOf(earlier) + 1), (given) =>
		meant(given) ? undefined : 'Enter 1, 2 or 3.',
	);
	return meant(answer) ?? 'notebook';
}

async function askGpus({cards}: Look, prompt: Prompt, earlier: Draft['gpus']): Promise<string> {
	// The GPUs may have changed since.
	const suggested = earlier && faultOfGpus(earlier, cards) === undefined ? earlier : '1';
	return prompt.text('How many GPUs? A number, all, or none.', suggested, (answer) => faultOfGpus(answer, cards));
}

async function askData(prompt: Prompt, earlier: Draft['data']): Promise<string | null> {
	const still = earlier && (await faultOfFolder(earlier)) === undefined;
	const likely = earlier === null ? 'none' : still ? earlier : ((await likelyFolders())[0] ?? 'none');
	const answer = await prompt.text('Where is the data? A folder, or none.', likely, async (text) =>
		text === 'none' ? undefined : faultOfFolder(text),
	);
	return answer === 'none' ? null : toPath(answer);
}

async function nameOfBox(host: Host, folder: string, signal: AbortSignal): Promise<string | undefined> {
	const project = realpathSync(folder);
	const {settings} = await loadSettings(folder);
	return findOwn(await listBoxes(host, signal), host.person, {
		project,
		...(settings.name === undefined ? {} : {projectName: settings.name}),
	})?.name;
}

function tell(lines: string[]): void {
	process.stderr.write(`${lines.join('\n')}\n`);
}
