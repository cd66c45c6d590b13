import {type VerifyResult, verifyProject} from '../app/lock/verify-project.ts';
import {type ExitCode, exitCode} from '../base/failure.ts';
import {openHost} from '../host/open-host.ts';
import {severityMarks} from './output/format.ts';
import {printJson} from './output/json.ts';

type Options = {
	host?: string | undefined;
	remote?: true | undefined;
	allow?: 'packages' | undefined;
	image?: string | undefined;
	json?: true | undefined;
};

/** @returns 0 only when nothing differs from the lock but what is worth a note */
export async function verify(name: string | undefined, options: Options, signal: AbortSignal): Promise<ExitCode> {
	const result = await verifyProject(openHost(options), name, {
		remote: options.remote ?? false,
		allowPackages: options.allow === 'packages',
		image: options.image,
		signal,
	});
	if (options.json) {
		printJson({differences: result.differences});
	} else {
		process.stdout.write(`${formatVerify(result).join('\n')}\n`);
	}

	return result.passed ? exitCode.done : exitCode.checkFailed;
}

/** One difference is two lines: what, in the lock, here and where from; and the fix. */
function formatVerify({box, looked, differences, passed}: VerifyResult): string[] {
	const tell = (value: string | null) => value ?? 'none';
	const lookedInto = looked === 'box' ? `box ${box}` : looked === 'built' ? 'that image' : 'the image';
	const compared =
		looked === 'nothing'
			? 'gpubox.lock was compared with gpubox.yaml and this host. The image is not here, so nothing inside was compared.'
			: `gpubox.lock was compared with gpubox.yaml, ${lookedInto} and this host.`;
	return [
		...differences.flatMap(({what, locked, found, where, severity, fix}) => [
			`${severityMarks[severity]} ${what}: ${tell(locked)} in the lock, ${tell(found)} here (${where})`,
			...(fix ? [`    → ${fix}`] : []),
		]),
		...(differences.length > 0 ? [''] : []),
		compared,
		passed
			? differences.length > 0
				? 'Only notes: nothing differs.'
				: 'Nothing differs.'
			: 'It is not the locked environment.',
	];
}
