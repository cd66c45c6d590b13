import {breakLines} from '../../../text/layout/fit.ts';
import {safeText} from '../../../text/safe.ts';
import {type Style, theme} from '../../theme.ts';
import {filterRows} from '../lists/list.ts';
import type {Facts} from '../model.ts';
import type {View} from '../reduce.ts';
import {textOf} from '../setup/field.ts';
import {type AnyCheck, askAboutFix, chosenCheck, chosenCommand, type DoctorSituation, fixOf} from './doctor.ts';

type Look = {mark: string; word: string; style: Style};

/** One check in the list. Safe to print. */
export type CheckItem = Look & {id: string; title: string; found: string; selected: boolean};

/** A line about the chosen check; what is indented belongs to the line above. */
export type DetailLine = {text: string; kind: 'state' | 'text' | 'quiet' | 'command' | 'marked'};

export type DoctorPane = {
	note: string;
	/** Of those that the filter finds. */
	items: CheckItem[];
	/** Said where there is none. */
	empty: string;
	title: string;
	lines: DetailLine[];
};

/** @param width columns for the lines about the chosen check, which are broken to fit: nothing of them is cut */
export function selectDoctor(facts: Facts, view: View, width: number): DoctorPane {
	const {checks, phase} = facts.doctor;
	const shown = shownChecks(facts, view);
	const chosen = chosenCheck(view.doctor, shown);
	return {
		note: phase === 'checking' ? progress(checks) : summary(checks),
		empty: checks.length === 0 ? 'Looking …' : 'Nothing matches the filter.',
		items: shown.map((check) => ({
			...looks()[check.status],
			id: check.id,
			title: check.title,
			found: check.status === 'checking' ? '' : safeText(check.found),
			selected: check === chosen,
		})),
		title: chosen?.title ?? 'Check',
		lines: [...troubleLines(facts, width), ...(chosen === undefined ? [] : linesAbout(chosen, facts, view, width))],
	};
}

export function doctorSituation(facts: Facts, view: View, lastTop: number): DoctorSituation {
	return {checks: shownChecks(facts, view), busy: facts.doctor.phase === 'checking', lastTop};
}

const filtered = ['title', 'word', 'found'].map((key) => ({key, filtered: true as const}));

/** The checks that the filter finds, by their title, their state and what was found. */
export function shownChecks(
	{doctor: {checks}}: Pick<Facts, 'doctor'>,
	{lists}: Pick<View, 'lists'>,
): readonly AnyCheck[] {
	const rows = checks.map((check) => ({
		check,
		cells: {
			title: {text: check.title},
			word: {text: looks()[check.status].word},
			found: {text: check.status === 'checking' ? '' : check.found},
		},
	}));
	return filterRows(rows, filtered, textOf(lists.doctor.filter)).map(({check}) => check);
}

function looks(): Record<AnyCheck['status'], Look> {
	return {
		ok: {mark: '✓', word: 'passed', style: theme.good},
		warn: {mark: '!', word: 'warning', style: theme.warning},
		fail: {mark: '✕', word: 'failed', style: theme.bad},
		skip: {mark: '–', word: 'skipped', style: theme.quiet},
		checking: {mark: '…', word: 'checking', style: theme.quiet},
	};
}

function progress(checks: readonly AnyCheck[]): string {
	const left = checks.filter(({status}) => status === 'checking').length;
	return checks.length === 0 ? 'checking' : `${checks.length - left} of ${checks.length} checked`;
}

function summary(checks: readonly AnyCheck[]): string {
	const count = (status: AnyCheck['status']) => checks.filter((check) => check.status === status).length;
	const parts = [
		[count('fail'), 'failed'],
		[count('warn'), count('warn') === 1 ? 'warning' : 'warnings'],
		[count('skip'), 'skipped'],
	] as const;
	const told = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
	return checks.length === 0 ? '' : told.length === 0 ? 'all passed' : told.join(' · ');
}

/** What keeps the checks from being made, or from being made as the settings say. */
function troubleLines({doctor: {problem, trouble}}: Facts, width: number): DetailLine[] {
	return [problem, trouble].flatMap((each) =>
		each === undefined
			? []
			: [
					...broken('state', each.message, width, '✕ '),
					...broken('quiet', each.fix, width),
					{kind: 'text' as const, text: ''},
				],
	);
}

function linesAbout(check: AnyCheck, facts: Facts, view: View, width: number): DetailLine[] {
	const {mark, word} = looks()[check.status];
	if (check.status === 'checking') {
		return broken('state', word, width, `${mark} `);
	}

	const fix = fixOf(check);
	const marked = chosenCommand(view.doctor, check);
	return [
		...broken('state', `${word}: ${check.found}`, width, `${mark} `),
		...(check.why === '' ? [] : broken('text', check.why, width)),
		...(fix === undefined ? [] : [{kind: 'text' as const, text: ''}, ...broken('text', fix.text, width, '→ ')]),
		...(fix?.commands ?? []).flatMap((command) =>
			command === marked ? broken('marked', command, width, '▸ $ ') : broken('command', command, width, '  $ '),
		),
		...(fix === undefined || fix.commands.length === 0
			? []
			: [{kind: 'text' as const, text: ''}, ...broken('quiet', offer(check, facts, view), width)]),
	];
}

/** How the fix is run, or why it is not. */
function offer(check: AnyCheck, facts: Facts, view: View): string {
	const why = whyNotFix(check, facts, view);
	const many = (fixOf(check)?.commands.length ?? 0) > 1 ? ' Tab chooses another.' : '';
	return why === undefined
		? `Enter runs it, after a question; y copies it.${many}`
		: `y copies it. It is not run from here: ${why}.${many}`;
}

/** Why the fix of a check is not run from here, in a few words. */
export function whyNotFix(check: AnyCheck | undefined, facts: Facts, {doctor}: View): string | undefined {
	if (facts.readOnly) {
		return 'this session is read-only';
	}

	const fix = askAboutFix(doctor, check);
	if ('whyNot' in fix) {
		return fix.whyNot;
	}

	return facts.demo ? 'this is a demo host' : fixOf(check)?.elsewhere ? 'the engine is on another machine' : undefined;
}

/** @param lead before its first line; the others are indented as far */
function broken(kind: DetailLine['kind'], text: string, width: number, lead = ''): DetailLine[] {
	return breakLines(safeText(text), width - lead.length).map((line, place) => ({
		kind,
		text: `${place === 0 ? lead : ' '.repeat(lead.length)}${line.trim()}`,
	}));
}
