import type {Remedy} from './remedy.ts';

const mirrors = 'With a mirror: gpubox config build.pipIndexUrl URL, or build.aptMirror URL';

/**
What pip and apt say when a layer cannot be built or a post-create command fails, by what failed: the cause comes before what pip
concludes from it, which after a broken connection is "no matching distribution". Sources: pip (src/pip/_internal), apt (apt-pkg,
methods), urllib3, CPython's ssl module.
*/
export const buildErrors: readonly Remedy[] = [
	{
		id: 'build-no-tool',
		layer: 'build',
		text: /gpubox: (?:packages\.\w+ needs|this image has neither) /,
		example: 'gpubox: packages.pip needs Python with pip, which this image does not have',
		meaning: 'The image lacks the program that installs the packages.',
		fix: 'Choose an image that has it (gpubox images), or remove those packages from gpubox.yaml.',
	},
	{
		id: 'build-old-python',
		layer: 'build',
		text: /gpubox: this image has Python \S+, the Jupyter that gpubox adds needs/,
		example: 'gpubox: this image has Python 3.7, the Jupyter that gpubox adds needs 3.8',
		meaning: "The image's Python is too old for Jupyter.",
		fix: 'Choose an image with a newer Python, or one that has Jupyter: gpubox images',
	},
	{
		id: 'build-proxy',
		layer: 'build',
		text: /ProxyError\('|Tunnel connection failed: \d+|407 Proxy Authentication Required|Invalid response from proxy: HTTP/i,
		example:
			"WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, status=None)) after connection broken by 'ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy Authentication Required'))': /simple/einops/",
		meaning: 'The proxy refused the connection or could not be reached.',
		fix: 'Check HTTPS_PROXY and HTTP_PROXY of this shell and proxies in ~/.docker/config.json, which builds use.',
	},
	{
		id: 'build-certificate',
		layer: 'build',
		text: /CERTIFICATE_VERIFY_FAILED|Certificate verification failed: The certificate is NOT trusted/,
		example:
			'Could not fetch URL https://pypi.org/simple/einops/: There was a problem confirming the ssl certificate: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)',
		meaning: 'The image does not trust the certificate of the package index, or of a proxy in between.',
		fix: `Use an image that has your site's certificate, or an index that it trusts. ${mirrors}`,
	},
	{
		id: 'build-network',
		layer: 'build',
		text: /(?:New|Name)\w*Error\(.*(?:Failed to establish a new connection|Failed to resolve)|after connection broken by '(?:ConnectTimeout|ReadTimeout|ProtocolError|ConnectionReset|RemoteDisconnected)|HTTPSConnectionPool\(host='[^']+', port=\d+\): (?:Max retries exceeded|Read timed out)|^(?:E: |W: |Err:\d+ |\s).*(?:Temporary failure resolving|Could not resolve|Could not connect to|Cannot initiate the connection to|Unable to connect to) '?[\w.-]+|curl: \((?:6|7|28)\) /im,
		example:
			"WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, status=None)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f6cc19ed6a0>: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/einops/",
		meaning: 'The package index was not reached: its name is not found, or it does not answer.',
		fix: `Check the network (gpubox doctor). Behind a proxy: set HTTPS_PROXY. ${mirrors}`,
	},
	{
		id: 'build-clock',
		layer: 'build',
		text: /E: Release file for \S+ is not valid yet/,
		example:
			'E: Release file for http://packages.example/debian/dists/bookworm/InRelease is not valid yet (invalid for another 5h 12min 3s). Updates for this repository will not be applied.',
		meaning: "The host's clock is behind.",
		fix: 'Set the clock: sudo timedatectl set-ntp true',
		commands: ['sudo timedatectl set-ntp true'],
	},
	{
		id: 'build-repository',
		layer: 'build',
		text: /E: The repository '[^']+' (?:does not have a Release file|is not signed|is no longer signed|no longer has a Release file)|NO_PUBKEY [0-9A-F]{8}/,
		example: "E: The repository 'http://packages.example/debian buster Release' does not have a Release file.",
		meaning:
			"A package source of the image's distribution is gone or signed with a key that the image does not have; the image is probably too old.",
		fix: 'Choose a newer image (gpubox images), or a mirror that still has it: gpubox config build.aptMirror URL',
	},
	{
		id: 'build-option',
		layer: 'build',
		text: /^no such option: --\S+|\bpip3?: error: no such option: --\S+/im,
		example: 'no such option: --root-user-action',
		meaning: "The image's pip is too old to know an option.",
		fix: 'Choose an image with a newer Python: gpubox images',
	},
	{
		id: 'build-python',
		layer: 'build',
		text: /ERROR: Package '?\S+ requires a different Python: |ERROR: Ignored the following versions that require a different python version: /i,
		example: "ERROR: Package 'einops' requires a different Python: 3.6.9 not in '>=3.8'",
		meaning: "A package does not support the image's Python.",
		fix: 'Ask for a version of the package that does, or choose an image with another Python: gpubox images',
	},
	{
		id: 'build-conflict',
		layer: 'build',
		text: /ERROR: ResolutionImpossible|these package versions have conflicting dependencies|The following packages have unmet dependencies|you have held broken packages/i,
		example:
			'ERROR: Cannot install torch==2.1.0 and torchvision==0.20.0 because these package versions have conflicting dependencies.',
		meaning: 'The packages need versions of each other, or of the PyTorch of the image, that exclude one another.',
		fix: 'Loosen the versions named above, or choose an image with the PyTorch that they need: gpubox images',
	},
	{
		id: 'build-no-package',
		layer: 'build',
		text: /ERROR: Could not find a version that satisfies the requirement \S+ \(from versions: none\)|^E: Unable to locate package \S+|^E: Package '[^']+' has no installation candidate/im,
		example: 'ERROR: Could not find a version that satisfies the requirement einopps (from versions: none)',
		meaning: 'The package index has no package of this name for this image.',
		fix: `Check the name. ${mirrors}`,
	},
	{
		id: 'build-no-version',
		layer: 'build',
		text: /ERROR: Could not find a version that satisfies the requirement |^E: Version '[^']+' for '[^']+' was not found/im,
		example: 'ERROR: Could not find a version that satisfies the requirement einops==99 (from versions: 0.7.0, 0.8.0)',
		meaning: 'The package index has no such version of the package for this image.',
		fix: 'Ask for one of the versions named above.',
	},
	{
		id: 'build-requirement',
		layer: 'build',
		text: /ERROR: Invalid requirement: /,
		example: "ERROR: Invalid requirement: 'einops=>0.8'",
		meaning: 'A package is not written as pip reads it.',
		fix: 'Write it as in: einops>=0.8',
	},
	{
		id: 'build-compiler',
		layer: 'build',
		text: /error: command '[\w.+-]*(?:gcc|g\+\+|cc|c\+\+|clang)' failed: No such file or directory|unable to execute '[\w.+-]*(?:gcc|g\+\+|cc)': No such file/i,
		example: "error: command 'gcc' failed: No such file or directory",
		meaning: 'A package has to be compiled, and the image has no compiler.',
		fix: 'Add a compiler (packages: {apt: [build-essential]} in gpubox.yaml), or choose a -devel image: gpubox images',
	},
	{
		id: 'build-hash',
		layer: 'build',
		text: /Hash Sum mismatch|THESE PACKAGES DO NOT MATCH THE HASHES/,
		example:
			'E: Failed to fetch http://packages.example/debian/pool/main/r/rsync/rsync_3.2.7-1_amd64.deb  Hash Sum mismatch',
		meaning:
			'What was downloaded is not what the package index lists: it was changed on the way, or the mirror is being updated.',
		fix: `Try again later. ${mirrors}`,
	},
];
