/**
The rule for the first line of a commit's message (docs/contributing.md), and the commits it is held to: those after the one that added
this file. `npm test` runs it; `node --import=tsx tools/commit-subjects.ts` runs it alone.
*/
import {spawnSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const ruleFile = 'tools/commit-subjects.ts';
const maxLength = 72;

/** They hide what was changed: "Let the list scroll" instead of "Scroll the list". */
const vagueVerbs = new Set(['Give', 'Hold', 'Keep', 'Leave', 'Let', 'Mend', 'Prove', 'Say', 'Take', 'Tell']);

/** Others build on these already, and history is not rewritten for a subject. */
const publishedAnyway = new Set(['6683b6510bddc656e1dbd175b2373a3e1f6f148b']);

/** What is wrong with a subject; nothing when it is fine. */
export function subjectFaults(subject: string): string[] {
	const length = [...subject].length;
	const [firstWord = ''] = subject.split(/[^\p{L}\p{N}-]/u);
	return [
		...(length > maxLength ? [`${length} characters, at most ${maxLength}`] : []),
		...(subject.endsWith('.') ? ['ends with a period'] : []),
		...(/^\p{Lu}/u.test(subject) ? [] : ['does not begin with a capital letter']),
		...(vagueVerbs.has(firstWord) ? [`begins with "${firstWord}": name the change`] : []),
	];
}

/** The subjects with something wrong, as lines for a terminal. */
export function describeFaults(commits: ReadonlyArray<{id: string; subject: string}>): string[] {
	return commits.flatMap(({id, subject}) =>
		subjectFaults(subject).map((fault) => `${id.slice(0, 10)} ${subject}\n  → ${fault}`),
	);
}

export type Checked = {skipped: string} | {count: number; faults: string[]};

/** Checks the commits after the one that introduced the rule. A folder that is not a clone, or lacks git, is skipped. */
export function checkCommits(folder: string = root): Checked {
	// Without a folder of its own in git, the commits would be those of a repository around it.
	const prefix = git(folder, ['rev-parse', '--show-prefix']);
	if (prefix.failed !== undefined) {
		return {skipped: prefix.failed};
	}

	if (prefix.output.trim() !== '') {
		return {skipped: 'not the root of a git repository'};
	}

	// In a shallow clone this is its oldest commit, where that one has the rule already.
	const added = git(folder, ['log', '--diff-filter=A', '--format=%H', '--', ruleFile]);
	const base = added.output.trim().split('\n').at(-1);
	if (added.failed !== undefined || base === undefined || base === '') {
		return {skipped: added.failed ?? `no commit has ${ruleFile}`};
	}

	const log = git(folder, ['log', '--no-merges', '--format=%H %s', `${base}..HEAD`]);
	if (log.failed !== undefined) {
		return {skipped: log.failed};
	}

	const commits = log.output
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => ({id: line.slice(0, line.indexOf(' ')), subject: line.slice(line.indexOf(' ') + 1)}))
		.filter(({id}) => !publishedAnyway.has(id));
	return {count: commits.length, faults: describeFaults(commits)};
}

function git(folder: string, words: string[]): {output: string; failed?: string} {
	const {status, stdout, stderr, error} = spawnSync('git', words, {
		cwd: folder,
		encoding: 'utf8',
		env: {...process.env, LC_ALL: 'C'},
	});
	if (error !== undefined) {
		return {output: '', failed: `git cannot be run: ${error.message}`};
	}

	const [reason = ''] = stderr.trim().split('\n');
	return status === 0 ? {output: stdout} : {output: '', failed: reason};
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const checked = checkCommits();
	if ('skipped' in checked) {
		console.log(`skipped: ${checked.skipped}`);
	} else {
		console.log([...checked.faults, `${checked.count} commits checked`].join('\n'));
		process.exitCode = checked.faults.length > 0 ? 1 : 0;
	}
}
