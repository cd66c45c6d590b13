/** What pulling an image needs. Being offline is not a failure: local images work without a network. */
import {formatDuration} from '../text/duration.ts';
import {advise, autoFix, type CheckId, fail, type Judge, ok, skip, type Verdict, warn} from './check.ts';
import type {HostFacts} from './facts.ts';

type NetworkLayer = 'dns' | 'registry' | 'clock' | 'proxy';

const offline = 'Images that are not here yet cannot be pulled.';
// Certificates and tokens are checked against the clock; registries allow for about this much.
const mostAheadMs = 5 * 60_000;

export const networkJudges: Record<NetworkLayer & CheckId, Judge> = {
	dns: judgeLookup,
	registry: judgeRegistry,
	clock: judgeClock,
	proxy: judgeProxy,
};

function hostOf(url: string): string {
	return new URL(url).host;
}

function judgeLookup({registry: {url, lookup}, local}: HostFacts): Verdict {
	if (!local) {
		return skip('images are pulled on another machine');
	}

	if (lookup === undefined) {
		return ok('left to the proxy');
	}

	return lookup.kind === 'found'
		? ok(hostOf(url))
		: warn(
				`${hostOf(url)} not found: ${lookup.text}`,
				offline,
				advise('Check the network and the name servers', ['resolvectl status', 'cat /etc/resolv.conf']),
			);
}

function judgeRegistry({registry: {url, mirror, answer}, shellProxy}: HostFacts): Verdict {
	if (answer === undefined) {
		return skip('not asked');
	}

	const name = `${hostOf(url)}${mirror ? ' (the mirror)' : ''}`;
	if (answer.kind === 'failed') {
		return warn(
			`${name}: ${answer.text}`,
			offline,
			advise(
				shellProxy
					? 'It may be reachable only through a proxy, which the engine has its own setting for'
					: 'Check the network; a mirror can be set with the command below',
				shellProxy ? ['docker info --format "{{.HTTPSProxy}}"'] : ['gpubox config build.registryMirror HOST'],
			),
		);
	}

	// 401 is the usual answer: it requests a token.
	return answer.status < 500 && answer.status !== 407
		? ok(`${name} answers`)
		: warn(
				`${name} answers with status ${answer.status}`,
				offline,
				advise('Try again later, or set a mirror', ['gpubox config build.registryMirror HOST']),
			);
}

function judgeClock({registry: {answer}}: HostFacts): Verdict {
	if (answer?.kind !== 'answered' || answer.aheadMs === null) {
		return skip('no server clock to compare with');
	}

	const off = Math.abs(answer.aheadMs);
	return off > mostAheadMs
		? fail(
				`${formatDuration(off)} ${answer.aheadMs > 0 ? 'ahead of' : 'behind'} the registry's clock`,
				'With a wrong clock, certificates and tokens look expired or not yet valid.',
				autoFix('Synchronise it over the network', ['sudo timedatectl set-ntp true']),
			)
		: ok("agrees with the registry's");
}

function judgeProxy(facts: HostFacts): Verdict {
	const {shellProxy, dockerProxy, engine, registry, local} = facts;
	if (!('info' in engine) || !local) {
		return skip(local ? 'no engine answers' : 'the engine is on another machine');
	}

	const mirrors = [...engine.info.registryMirrors, ...(registry.mirror ? [hostOf(registry.url)] : [])];
	const mirrorText = mirrors.length > 0 ? `mirror ${[...new Set(mirrors)].join(', ')}` : 'no mirror';
	if (shellProxy && !engine.info.proxied) {
		return warn(
			'A proxy is set in this shell, but not for the engine',
			'The engine pulls images, and it does not read the settings of the shell.',
			advise('Configure the proxy for the engine and restart it (which stops running containers)', [
				'sudo mkdir -p /etc/systemd/system/docker.service.d',
				`printf '[Service]\\nEnvironment="HTTPS_PROXY=%s" "NO_PROXY=%s"\\n' "$https_proxy" "$no_proxy" | sudo tee /etc/systemd/system/docker.service.d/proxy.conf`,
				'sudo systemctl daemon-reload && sudo systemctl restart docker',
			]),
		);
	}

	const engineText = engine.info.proxied
		? 'the engine uses a proxy'
		: dockerProxy === undefined
			? 'no proxy'
			: 'no proxy for the engine';
	return ok(
		[engineText, ...(dockerProxy === undefined ? [] : [`boxes and builds use ${dockerProxy}`]), mirrorText].join(', '),
	);
}
