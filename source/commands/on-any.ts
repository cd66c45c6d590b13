/** `--on any`: the first of the hosts in the settings that fits, after asking. */
import {statesCell} from '../app/hosts/cells.ts';
import {chooseHosts, type GpuWish} from '../app/hosts/choose.ts';
import type {HostFacts} from '../app/hosts/facts.ts';
import {askHosts} from '../app/hosts/gather.ts';
import {hostQuestion} from '../app/hosts/listed.ts';
import {loadSettings} from '../app/load-settings.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {parseGpuSelection} from '../box/gpus/allocate.ts';
import {safeText} from '../text/safe.ts';
import {tellTrouble} from './output/tell-trouble.ts';

/**
@param gpus as `--gpus` has it; without it what the settings say
@returns the host that the user agreed to
@throws Failure (taken) when none fits, with what speaks against each
*/
export async function chooseAnyHost(
	{gpus, yes}: {gpus?: string | undefined; yes?: true | undefined},
	signal: AbortSignal,
): Promise<HostFacts> {
	const {settings} = await loadSettings('.');
	const wish = toWish(gpus ?? settings.gpus ?? 'auto');
	const {names, lock} = await hostQuestion([], tellTrouble);
	const {fitting, passed} = chooseHosts(await askHosts(names, {signal, lock}), wish);
	const why = passed.map(({name, why: reason}) => `${safeText(name)}: ${reason}`);
	const [chosen] = fitting;
	if (chosen === undefined) {
		throw new Failure(`None of the ${names.length} hosts fits.`, {
			fix: 'To queue for GPUs on one of them: --on HOST --wait. To see them: gpubox hosts',
			exitCode: exitCode.taken,
			details: why,
		});
	}

	for (const line of why) {
		process.stderr.write(`Not ${line}\n`);
	}

	const also =
		fitting.length > 1
			? `, as would ${fitting
					.slice(1)
					.map(({name}) => safeText(name))
					.join(', ')}`
			: '';
	process.stderr.write(`${safeText(chosen.name)} fits (${statesCell(chosen)})${also}.\n`);
	if (!yes) {
		await ask(chosen.name, signal);
	}

	return chosen;
}

/** @throws Failure (usage) for cards by index or UUID, which are those of one host */
function toWish(text: string): GpuWish {
	const selection = parseGpuSelection(text);
	switch (selection.kind) {
		case 'none':
			return 0;
		case 'auto':
			return 1;
		case 'all':
			return 'all';
		case 'count':
			return selection.count;
		case 'exact':
			throw new Failure(`GPUs "${safeText(text)}" are those of one host, and --on any may choose another.`, {
				fix: 'Request a number of GPUs, such as --gpus 2, or name the host: --on HOST',
				exitCode: exitCode.usage,
			});
	}
}

async function ask(name: string, signal: AbortSignal): Promise<void> {
	if (!process.stdin.isTTY) {
		throw new Failure('No one can be asked whether to use it: there is no terminal.', {
			fix: `To use it without asking: --yes, or --on ${safeText(name)}`,
			exitCode: exitCode.usage,
		});
	}

	const {confirm} = await import('../app/prompt.ts');
	if (!(await confirm(`Use ${safeText(name)}?`, signal))) {
		throw new Failure('Nothing was started.', {exitCode: exitCode.failed});
	}
}
