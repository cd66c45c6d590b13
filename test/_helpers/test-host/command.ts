import {type SpawnOptions, spawn} from 'node:child_process';

/**
Runs a command to its end and resolves with what it wrote to stdout. Rejects with the last lines it wrote when it ends with
anything but 0.
*/
export async function command(
	file: string,
	arguments_: string[],
	options: Pick<SpawnOptions, 'cwd' | 'env' | 'signal' | 'uid' | 'gid'> = {},
): Promise<string> {
	const child = spawn(file, arguments_, {...options, stdio: ['ignore', 'pipe', 'pipe']});
	let stdout = '';
	let everything = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
		everything += text;
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		everything += text;
	});
	const ending = await new Promise<string>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code, signal) => {
			resolve(code === 0 ? '' : (signal ?? `exit code ${code}`));
		});
	});
	if (ending !== '') {
		throw new Error(`${file} ${arguments_.join(' ')}: ${ending}\n${lastLines(everything)}`);
	}

	return stdout;
}

/** Whether a command ends with 0; its output is dropped. */
export async function succeeds(...call: Parameters<typeof command>): Promise<boolean> {
	try {
		await command(...call);
		return true;
	} catch {
		return false;
	}
}

export function lastLines(text: string, count = 20): string {
	return text.trimEnd().split('\n').slice(-count).join('\n');
}
