/*
Remedies name files and commands of an engine that root runs. A user's own engine has others. Sources:
https://docs.docker.com/engine/security/rootless/ and
https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html (rootless mode).
*/

/** What stands in a remedy for the engine of the host, and what is right for a user's own. The first that fits counts. */
const replacements: ReadonlyArray<readonly [of: RegExp, own: string]> = [
	[
		/sudo nvidia-ctk runtime configure --runtime=docker\b/g,
		'nvidia-ctk runtime configure --runtime=docker --config="$HOME/.config/docker/daemon.json"',
	],
	[/sudo systemctl restart docker\.socket docker\b/g, 'systemctl --user restart docker'],
	[/sudo systemctl ((?:enable --now|start|restart) docker)\b/g, 'systemctl --user $1'],
	[/sudo journalctl -u docker\b/g, 'journalctl --user -u docker'],
	[/sudo (systemctl )(daemon-reload)\b/g, '$1--user $2'],
	[/sudo (mkdir -p |tee )\/etc\/systemd\/system\/docker\.service\.d/g, '$1~/.config/systemd/user/docker.service.d'],
	[/\/etc\/docker\//g, '~/.config/docker/'],
];

/** The same remedy for an engine that the user runs without root's rights. Pure. */
export function forRootlessEngine(text: string): string {
	return replacements.reduce((result, [of, own]) => result.replaceAll(of, own), text);
}

/** Whether the engine at this address is a user's own: its socket is in the user's runtime folder. */
export function isOwnEngine(address: string): boolean {
	return /^unix:\/\/\/(?:var\/)?run\/user\/\d+\//.test(address);
}
