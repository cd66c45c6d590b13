/** Running a script of gpubox's own in an image or a box. */

// `sh -c CODE NAME ARGUMENTS`: images call it python3, python or both.
const anyPython = 'if command -v python3 >/dev/null 2>&1; then exec python3 "$@"; else exec python "$@"; fi';

/** The command that runs a script, given as text, with its arguments: nothing has to be in the image for it but a Python. */
export function pythonCommand(script: string, parameters: readonly string[] = []): [string, ...string[]] {
	return ['sh', '-c', anyPython, 'sh', '-c', script, ...parameters];
}
