import type {Remedy} from './remedy.ts';

// Every program written in Go says `Get "https://…": …` of what it cannot reach; a registry is asked under /v2/, and for a token with
// the name of a service.
const asksRegistry = String.raw`(?:Get|Head) "https?:\/\/[^"]+(?:\/v2\/[^"]*|[?&]service=[^"]*)": `;
const refusesRegistry = String.raw`unexpected status from \w+ request to https?:\/\/\S+\/v2\/\S*: `;

/** What the engine says of registries. Sources: moby's registry client, distribution, containerd, Go's net and crypto/x509. */
export const registryErrors: readonly Remedy[] = [
	{
		id: 'no-such-image',
		layer: 'image',
		text: /\bmanifest unknown(?! ?\w)|manifest for \S+[:@]\S+ not found|pull access denied(?: for \S+)?, repository does not exist|failed to resolve reference "[^"]+": \S+: not found/i,
		example: 'manifest for example/image:1 not found: manifest unknown',
		meaning: 'The image does not exist or is private.',
		fix: 'Check the name; gpubox images --all lists known images. For a private registry: docker login',
	},
	{
		id: 'registry-not-found',
		layer: 'dns',
		text: new RegExp(`${asksRegistry}.*\\blookup \\S+.*: (?:no such host|server misbehaving|i\\/o timeout)`, 'i'),
		example:
			'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 127.0.0.53:53: no such host',
		meaning:
			"The registry's name was not found: there is no network, or it is reachable only through a proxy or a mirror.",
		fix: 'To see which: gpubox doctor. To use a mirror: gpubox config build.registryMirror HOST',
	},
	{
		id: 'registry-limit',
		layer: 'registry',
		text: new RegExp(`toomanyrequests: |${refusesRegistry}429\\b`),
		example:
			'toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading',
		meaning: 'The pull rate limit of the registry was reached for this IP address.',
		fix: 'Log in (docker login), or use a mirror: gpubox config build.registryMirror HOST',
	},
	{
		id: 'registry-login',
		layer: 'registry',
		// Case counts: any server may answer "401 Unauthorized".
		text: new RegExp(
			`(?:^|: )unauthorized: (?:authentication required|incorrect username)|${asksRegistry}no basic auth credentials|${refusesRegistry}401\\b`,
			'm',
		),
		example: 'unauthorized: authentication required',
		meaning: 'The registry requires a login.',
		fix: 'Log in: docker login REGISTRY',
	},
	{
		id: 'registry-certificate',
		layer: 'registry',
		text: new RegExp(`${asksRegistry}.*(?:x509: |server gave HTTP response to HTTPS client)`, 'i'),
		example: 'Get "https://registry.example.com/v2/": x509: certificate signed by unknown authority',
		meaning: 'The engine does not trust the certificate of the registry, or of a proxy in between.',
		fix: "Install the certificate as /etc/docker/certs.d/REGISTRY/ca.crt, or in the system's store, and then: sudo systemctl restart docker",
	},
	{
		id: 'registry-unreachable',
		layer: 'registry',
		text: new RegExp(
			`${asksRegistry}.*(?:refused|unreachable|timeout|timed out|no route to host|request canceled|deadline exceeded)`,
			'i',
		),
		example:
			'Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
		meaning: 'The registry does not answer the engine.',
		fix: 'To see why: gpubox doctor. To use a mirror: gpubox config build.registryMirror HOST',
	},
];
