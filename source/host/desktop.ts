/**
Whether a browser opened here would be seen by the person: there is a screen (in WSL, Windows has it), and it is not the one of a
machine that they came to by SSH. With `ssh -X` a browser of this machine would be drawn far away, so that is no desktop either.
*/
export function hasDesktop(environment: NodeJS.ProcessEnv): boolean {
	const {DISPLAY, WAYLAND_DISPLAY, WSL_DISTRO_NAME, SSH_CONNECTION, SSH_CLIENT, SSH_TTY} = environment;
	return Boolean((DISPLAY || WAYLAND_DISPLAY || WSL_DISTRO_NAME) && !(SSH_CONNECTION || SSH_CLIENT || SSH_TTY));
}
