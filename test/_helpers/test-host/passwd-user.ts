import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {makePerson, type Person, type Result} from './person.ts';
import type {TestHost} from './test-host.ts';

/**
ssh looks for its files in the home that the system knows for its user, whatever HOME says. So as root the person is made known:
in a mount namespace of its own, with a passwd of its own.
*/
export function startKnown(
	person: Person,
	file: string,
	arguments_: string[],
	env: Record<string, string> = {},
): ChildProcess & {stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream} {
	const asRoot = process.getuid?.() === 0;
	const inNamespace =
		'mount --bind "$1" /etc/passwd && uid=$2 gid=$3 && shift 3 && exec setpriv --reuid "$uid" --regid "$gid" --clear-groups -- "$@"';
	const [program, words] = asRoot
		? ([
				'unshare',
				[
					'--mount',
					'bash',
					'-c',
					inNamespace,
					'bash',
					join(person.home, 'passwd'),
					`${person.uid}`,
					`${person.gid}`,
					file,
				],
			] as const)
		: ([file, []] as const);
	return spawn(program, [...words, ...arguments_], {
		cwd: person.project,
		env: {...person.environment, ...env},
		stdio: ['pipe', 'pipe', 'pipe'],
	});
}

export async function runKnown(
	person: Person,
	file: string,
	arguments_: string[],
	{input = '', env = {}}: {input?: string; env?: Record<string, string>} = {},
): Promise<Result> {
	const child = startKnown(person, file, arguments_, env);
	let [stdout, stderr] = ['', ''];
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr += text;
	});
	child.stdin?.on('error', () => {});
	child.stdin?.end(input);
	const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
	return {stdout, stderr, code, signal};
}

/** A person for programs that ask the system who calls them: run those with `runKnown` and `startKnown`. */
export async function makeKnownPerson(host: TestHost): Promise<Person> {
	const person = await makePerson(host, 'sigrid');
	const others = 'root:x:0:0:root:/root:/bin/sh\n';
	await writeFile(
		join(person.home, 'passwd'),
		`${others}sigrid:x:${person.uid}:${person.gid}::${person.home}:/bin/sh\n`,
	);
	return person;
}
