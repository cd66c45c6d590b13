/** The first word of a command line that is not the program's `--host`, with the program in the first two places. Empty without one. */
export function calledWord(argv: readonly string[]): string {
	const [first = '', second = '', third = ''] = argv.slice(2);
	return first === '--host' ? third : first.startsWith('--host=') ? second : first;
}
