/** Variables that gpubox, or a library in it, reads for itself. Those of a box (`--env NAME`) may be empty. */
const own =
	/^(?:HOME|USER|LOGNAME|PATH|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|BROWSER|DISPLAY|WAYLAND_DISPLAY|WSL_DISTRO_NAME|NODE_COMPILE_CACHE|CI|CONTINUOUS_INTEGRATION|(?:DOCKER|XDG|SSH|GPUBOX)_\w+|(?:https?|all|no)_proxy)$/i;

/**
An empty variable is an unset one, as for docker and in the XDG rules. Taken out once at the start, so that Node itself (`os.homedir`),
libraries and the programs that gpubox starts read it the same way.
*/
export function dropEmptyVariables(environment: NodeJS.ProcessEnv): void {
	for (const [name, value] of Object.entries(environment)) {
		if (value === '' && own.test(name)) {
			delete environment[name];
		}
	}
}
