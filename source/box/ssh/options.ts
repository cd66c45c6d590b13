import {isIPv6} from 'node:net';

/** A box that the user's ssh should know by name. */
export type SshBox = {
	name: string;
	host: string;
	port: number;
	/** The user inside. */
	user: string;
	/** `ssh-ed25519 AAAA…` */
	hostKey: string;
	/** Absolute paths; empty when ssh finds the key automatically. */
	identityFiles: string[];
	/** Some of them are public keys whose private half has the agent of SSH_AUTH_SOCK. */
	fromAgent: boolean;
	/** Its server asks for a password. */
	password?: true;
};

/** The release of the OpenSSH client; undefined when it is unknown. */
export type SshVersion = {major: number; minor: number} | undefined;

/** The name under which ssh looks for a box's host key. */
export function hostKeyAlias({name}: Pick<SshBox, 'name'>): string {
	return `gpubox-${name}`;
}

/**
Everything that the way into a box depends on, as lines of ssh's config. ssh takes the first value that it finds for a keyword, so one that
is missing here is whatever the user has set for all hosts (`Host *`). Reviewed against ssh_config(5) of OpenSSH 9.2 and the release notes
up to 10.0. What does not decide whether and where one arrives stays the user's: forwarding, compression, keep-alives, log level, agent use.

@param knownHosts the file with the box's host key
@param version keywords that this client does not know are left out: it refuses a file that contains one, for every host
*/
export function sshOptions(box: SshBox, knownHosts: string, version: SshVersion): string[] {
	return [...addressLines(box), ...userLines(box), ...hostKeyLines(box, knownHosts, version), ...sessionLines(version)];
}

/** Where to connect to, and that nothing is in between. */
function addressLines({host, port}: SshBox): string[] {
	const loopback = host === '::1' || host.startsWith('127.');
	const from = isIPv6(host) ? (loopback ? '::1' : '::') : loopback ? '127.0.0.1' : '0.0.0.0';
	return [
		`HostName ${host}`,
		`Port ${port}`,
		'AddressFamily any',
		// There is no "none"; this one also overrides BindInterface.
		`BindAddress ${from}`,
		'CanonicalizeHostname no',
		// Also overrides ProxyCommand.
		'ProxyJump none',
		// A path such as `%r@%h` would be the same for all boxes of one address, and so lead into another box.
		'ControlMaster no',
		'ControlPath none',
		// An own list may have none of what the box's server knows. "+" means: the client's default and this, which it contains anyway.
		// The default begins with sntrup761, which costs the client of OpenSSH 9.2 most of the login, against someone who keeps what they
		// hear for later; on the loopback there is nothing to hear.
		`KexAlgorithms ${loopback ? 'curve25519-sha256@libssh.org,ecdh-sha2-nistp256' : '+ecdh-sha2-nistp256'}`,
		'Ciphers +aes128-ctr',
		'MACs +hmac-sha2-256',
	];
}

/** Who logs in, and with what. */
function userLines({user, identityFiles, fromAgent, password}: SshBox): string[] {
	if (password) {
		return [
			`User ${user}`,
			// Otherwise the server would count each of the user's keys as a failed attempt before the password.
			'PreferredAuthentications keyboard-interactive,password',
			'PubkeyAuthentication no',
			'PasswordAuthentication yes',
			'KbdInteractiveAuthentication yes',
			'NumberOfPasswordPrompts 3',
			'BatchMode no',
		];
	}

	return [
		`User ${user}`,
		'PreferredAuthentications publickey',
		'PubkeyAuthentication yes',
		// The name that clients before 8.5 know as well.
		'PubkeyAcceptedKeyTypes +ssh-ed25519',
		...identityFiles.map((path) => `IdentityFile ${quoteForSsh(path)}`),
		// The server lets a client try few keys, and an agent may have many.
		...(identityFiles.length > 0 ? ['IdentitiesOnly yes'] : []),
		...(fromAgent ? ['IdentityAgent SSH_AUTH_SOCK'] : []),
		// A public key without its private half may be that of a token.
		...(identityFiles.length > 0 && !identityFiles.some((path) => path.endsWith('.pub'))
			? ['PKCS11Provider none']
			: []),
	];
}

/** Whether it is the box that answers. */
function hostKeyLines(box: SshBox, knownHosts: string, version: SshVersion): string[] {
	const [type = ''] = box.hostKey.split(' ');
	return [
		// The key belongs to the box, whichever box had this port before.
		`HostKeyAlias ${hostKeyAlias(box)}`,
		`HostKeyAlgorithms ${type === 'ssh-rsa' ? 'rsa-sha2-512,rsa-sha2-256,ssh-rsa' : type}`,
		`UserKnownHostsFile ${quoteForSsh(knownHosts)}`,
		'RevokedHostKeys none',
		'StrictHostKeyChecking yes',
		'NoHostAuthenticationForLocalhost no',
		'VerifyHostKeyDNS no',
		'UpdateHostKeys no',
		'CheckHostIP no',
		...since(version, 8, 5, ['KnownHostsCommand none']),
	];
}

/** What runs there: what the caller asks for, and nothing else. */
function sessionLines(version: SshVersion): string[] {
	return [
		...since(version, 7, 6, ['RemoteCommand none']),
		'RequestTTY auto',
		...since(version, 8, 7, ['SessionType default', 'StdinNull no', 'ForkAfterAuthentication no']),
		// Its output would become part of the data of scp and rsync.
		'PermitLocalCommand no',
		// A forwarding for all hosts may be impossible here, or in use already.
		'ExitOnForwardFailure no',
	];
}

function since(version: SshVersion, major: number, minor: number, lines: string[]): string[] {
	return version && (version.major > major || (version.major === major && version.minor >= minor)) ? lines : [];
}

function quoteForSsh(path: string): string {
	// In ssh's config a percent sign starts a token.
	return `"${path.replaceAll('%', '%%')}"`;
}
