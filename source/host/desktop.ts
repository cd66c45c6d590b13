/**
Whether the user would see a browser opened here: there is a display (in WSL, that of Windows), and the login is not by SSH. With `ssh -X`
a browser of this machine would be drawn over the network, so that does not count as a desktop either.
*/
export function hasDesktop(environment: NodeJS.ProcessEnv): boolean {
	const {DISPLAY, WAYLAND_DISPLAY, WSL_DISTRO_NAME, SSH_CONNECTION, SSH_CLIENT, SSH_TTY} = environment;
	return Boolean((DISPLAY || WAYLAND_DISPLAY || WSL_DISTRO_NAME) && !(SSH_CONNECTION || SSH_CLIENT || SSH_TTY));
}
