import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {checkHostFor} from '../app/check-host.ts';
import {type ExitCode, exitCode, type Failure} from '../base/failure.ts';
import type {Check} from '../doctor/check.ts';
import {openHost} from '../host/open-host.ts';
import {printJson} from './output/json.ts';
import {tellTrouble} from './output/tell-trouble.ts';

type Options = {
	host?: string | undefined;
	json?: true | undefined;
	fix?: true | undefined;
	yes?: true | undefined;
	deep?: true | undefined;
};

export async function doctor(options: Options, signal: AbortSignal): Promise<ExitCode> {
	const host = openHost(options);
	let told = false;
	const onTrouble = (trouble: Failure) => {
		if (!told) {
			tellTrouble(trouble);
		}
	};
	const look = async () => {
		const {checks} = await checkHostFor(host, '.', {deep: options.deep ?? false, signal, onTrouble});
		told = true;
		return checks;
	};
	let checks = await look();
	if (options.fix) {
		// The report comes first, because it explains the commands; with --json it is not the result.
		const out = options.json ? process.stderr : process.stdout;
		out.write(`${formatChecks(checks).join('\n')}\n\n`);
		if (await mendAll(checks, {yes: options.yes ?? false, out, signal})) {
			checks = await look();
			if (!options.json) {
				out.write(`\n${formatChecks(checks).join('\n')}\n`);
			}
		}
	}

	if (options.json) {
		printJson({checks: checks.map(checkJson)});
	} else if (!options.fix) {
		process.stdout.write(`${formatChecks(checks).join('\n')}\n`);
	}

	return checks.some(({status}) => status === 'fail') ? exitCode.checkFailed : exitCode.done;
}

function checkJson({id, title, status, found, why, fix}: Check) {
	return {
		id,
		title,
		status,
		found,
		why,
		fix: fix === undefined ? '' : fix.commands.length > 0 ? fix.commands.join(' && ') : fix.text,
		advice: fix?.text ?? '',
		commands: fix?.commands ?? [],
		automatic: fix?.automatic ?? false,
	};
}

const marks: Record<Check['status'], string> = {ok: '✓', warn: '!', fail: '✗', skip: '–'};

/** A line for each layer; below each problem why it matters and how to fix it. */
function formatChecks(checks: readonly Check[]): string[] {
	const width = Math.max(...checks.map(({title}) => title.length));
	const lines = checks.flatMap(({status, title, found, why, fix}) => [
		`${marks[status]} ${title.padEnd(width)}  ${found}`,
		...(why ? [`    ${why}`] : []),
		...(fix
			? [`    → ${fix.text}${fix.commands.length > 0 ? ':' : ''}`, ...fix.commands.map((line) => `        ${line}`)]
			: []),
	]);
	const first = checks.find(({status}) => status === 'fail');
	const warnings = checks.filter(({status}) => status === 'warn').length;
	return [
		...lines,
		'',
		first
			? `Fix "${first.title}" first.${checks.some(({fix}) => fix?.automatic) ? ' `gpubox doctor --fix` applies the safe fixes.' : ''}`
			: warnings > 0
				? 'Boxes with GPUs can run. Warnings are marked "!".'
				: 'All checks passed. Next: gpubox up',
	];
}

/** @returns whether anything was run */
async function mendAll(
	checks: readonly Check[],
	{yes, out, signal}: {yes: boolean; out: NodeJS.WriteStream; signal: AbortSignal},
): Promise<boolean> {
	const fixes = checks.flatMap(({title, fix}) => (fix?.automatic ? [{title, commands: fix.commands}] : []));
	if (fixes.length === 0) {
		out.write('No automatic fixes available.\n');
		return false;
	}

	out.write('Automatic fixes:\n');
	for (const {title, commands} of fixes) {
		out.write(`  ${title}: ${commands.join(' && ')}\n`);
	}

	if (!yes && !(await agree(out, signal))) {
		return false;
	}

	for (const command of fixes.flatMap(({commands}) => commands)) {
		out.write(`\n$ ${command}\n`);
		// sudo's prompt and the command's output go to the user's terminal; with --json stdout is for the result.
		const child = spawn('sh', ['-c', command], {stdio: ['inherit', out === process.stderr ? 2 : 1, 'inherit'], signal});
		const [code] = (await once(child, 'close')) as [number | null];
		if (code !== 0) {
			out.write(`Failed (${code ?? 'ended by a signal'}).\n`);
		}
	}

	return true;
}

async function agree(out: NodeJS.WriteStream, signal: AbortSignal): Promise<boolean> {
	if (!process.stdin.isTTY) {
		out.write('Nothing was run. Not a terminal; to run them without asking: gpubox doctor --fix --yes\n');
		return false;
	}

	const {confirm} = await import('../app/prompt.ts');
	return confirm('Run them?', signal, {output: out});
}
