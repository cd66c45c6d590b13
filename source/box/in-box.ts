/** A shell's script that runs its arguments in the environment of the box's programs. A box of an earlier version has no such file. */
const script = 'if [ -r /run/gpubox/enter ]; then . /run/gpubox/enter; fi; exec "$@"';

const start: readonly string[] = ['sh', '-c', script, 'sh'];

/**
A command as it is run in a box that is there already. The engine gives it the environment of the container alone; with this it has that of the
box's other programs too: what the image's entrypoint switched on, and the umask (templates/box/enter).
*/
export function asInBox(command: readonly string[]): [string, ...string[]] {
	return ['sh', ...start.slice(1), ...command];
}

/** The command itself, for an engine that has no such files: the demo host's. */
export function withoutBoxEnvironment(command: readonly string[]): readonly string[] {
	return start.every((word, place) => command[place] === word) ? command.slice(start.length) : command;
}
