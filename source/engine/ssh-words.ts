/**
The words after `ssh` for a machine, as Docker's own command writes them: so the user's keys, agent, ssh config and known hosts apply.
It never asks for a password or a passphrase: no one might be there to answer.

@param terminal whether the command there gets a terminal
*/
export function sshWords(url: URL, {terminal = false}: {terminal?: boolean} = {}): string[] {
	return [
		terminal ? '-t' : '-T',
		'-o',
		'BatchMode=yes',
		...(url.port ? ['-p', url.port] : []),
		'--',
		sshDestination(url),
	];
}

/** `alice@gpu2`. In a URL the address of IPv6 is in brackets, which ssh would take for part of the name. */
export function sshDestination({username, hostname}: URL): string {
	const machine = hostname.replace(/^\[(.*)\]$/, '$1');
	return username ? `${decodeURIComponent(username)}@${machine}` : machine;
}
