/** From the engine to a GPU inside a container. */

import {findRemedy} from '../host/remedies.ts';
import {compareVersions, leadingVersion} from '../text/compare-versions.ts';
import {advise, autoFix, type CheckId, fail, type Judge, ok, skip, type Verdict, warn} from './check.ts';
import {judgeEngineSettings} from './engine-settings.ts';
import type {HostFacts} from './facts.ts';
import {configureToolkit, installDocker, installToolkit} from './install.ts';

type EngineLayer = 'engine' | 'permission' | 'engine-version' | 'engine-settings' | 'toolkit' | 'container-gpu';

/** Verdicts on the engine, each as if the layers below it had passed. */
export const engineJudges: Record<EngineLayer & CheckId, Judge> = {
	engine: judgeReach,
	permission: judgePermission,
	'engine-version': judgeVersion,
	'engine-settings': (facts) => judgeEngineSettings(infoOf(facts)),
	toolkit: judgeToolkit,
	'container-gpu': judgeContainer,
};

function infoOf({engine}: HostFacts) {
	return 'info' in engine ? engine.info : undefined;
}

function judgeReach(facts: HostFacts): Verdict {
	const {engine, address, dockerInstalled, distribution} = facts;
	if ('info' in engine) {
		return ok(`${engine.info.flavour === 'podman' ? 'Podman' : 'Docker'} answers at ${address}`);
	}

	if (engine.error.code === 'no-permission') {
		return ok(`its socket is at ${address}`);
	}

	const why = 'Boxes are containers; the engine runs them.';
	if (engine.error.code === 'no-address') {
		return fail(engine.error.message, why, advise(engine.error.fix ?? ''));
	}

	const found = `Nothing usable answers at ${address}: ${engine.error.message}`;
	if (engine.error.code !== 'unreachable') {
		return fail(found, why, advise('Check its log', ['sudo journalctl -u docker --since -10min']));
	}

	if (!address.startsWith('unix://')) {
		return fail(
			found,
			why,
			advise('Check the address and that the machine is up', ['docker context ls', 'echo "$DOCKER_HOST"']),
		);
	}

	if (!dockerInstalled) {
		return fail(`No Docker Engine is installed, and nothing is at ${address}`, why, installDocker(distribution));
	}

	return /^unix:\/\/\/(?:var\/)?run\/docker\.sock$/.test(address)
		? fail(found, why, autoFix('Start it', ['sudo systemctl enable --now docker']))
		: fail(
				found,
				why,
				advise('Check the address. To start a rootless engine, use the last command below', [
					'docker context ls',
					'systemctl --user start docker',
				]),
			);
}

function judgePermission({engine, person, address}: HostFacts): Verdict {
	if ('info' in engine) {
		const how = engine.info.rootless
			? 'rootless engine'
			: person.root
				? 'as root'
				: person.groupActive
					? 'through the group docker'
					: 'granted';
		return ok(how);
	}

	const why = 'gpubox talks to the engine with your permissions.';
	if (person.inGroup && !person.groupActive) {
		return fail(
			'You are in the group docker, but were added after this login',
			why,
			advise('Log out and in again; for this shell alone', ['newgrp docker']),
		);
	}

	if (person.inGroup) {
		return fail(
			`You are in the group docker, but ${address} does not allow that group`,
			why,
			advise('Give the socket to the group', [
				'sudo systemctl restart docker.socket docker',
				`ls -l ${socketOf(address)}`,
			]),
		);
	}

	return fail(
		`${person.name} has no permission for ${address}`,
		why,
		advise(
			'Join the group docker (equivalent to root access) and log in again, or run an engine of your own (dockerd-rootless-setuptool.sh install, https://docs.docker.com/engine/security/rootless)',
			[
				...(person.groupExists ? [] : ['sudo groupadd --system docker && sudo systemctl restart docker.socket docker']),
				'sudo usermod -aG docker "$USER"',
				'newgrp docker',
			],
		),
	);
}

function socketOf(address: string): string {
	return address.replace(/^unix:\/\//, '');
}

function judgeVersion(facts: HostFacts): Verdict {
	const info = infoOf(facts);
	if (info === undefined || info.flavour === 'podman') {
		return info === undefined ? skip('not known') : ok(`Podman ${info.version}`);
	}

	const version = leadingVersion(info.version);
	if (version !== undefined && compareVersions(version, [20, 10]) < 0) {
		return fail(`Docker Engine ${info.version}`, 'gpubox needs 20.10 or newer.', installDocker(facts.distribution));
	}

	if (info.rootDirectory.startsWith('/var/snap/')) {
		return warn(
			`Docker Engine ${info.version} from snap`,
			'Snap confinement blocks access to the driver files.',
			advise("Use Docker's own packages instead (images and containers of the snap are lost)", [
				'sudo snap remove docker',
				...installDocker(facts.distribution).commands,
			]),
		);
	}

	return ok(info.version);
}

function judgeToolkit(facts: HostFacts): Verdict {
	const info = infoOf(facts);
	const {toolkit, container, inventory, distribution, local} = facts;
	if (info === undefined) {
		return skip('not known');
	}

	const why = 'The toolkit makes GPUs available in containers.';
	const user = info.flavour === 'podman' ? 'podman' : info.rootless ? 'rootless docker' : 'docker';
	const cdiDevices = info.cdiDevices.filter((device) => device.startsWith('nvidia.com/gpu='));
	const version = leadingVersion(info.version);
	const cdiFirst = info.flavour === 'podman' || (version !== undefined && compareVersions(version, [29, 2]) >= 0);
	const remedy = container.kind === 'failed' ? findRemedy(container.text) : undefined;
	if (container.kind === 'failed' && remedy?.layer === 'toolkit') {
		if (remedy.id === 'cdi-missing') {
			return fail(container.text, why, refreshCdi);
		}

		if (remedy.id === 'cdi-off' && toolkit.version !== undefined) {
			return fail(container.text, why, advise(remedy.fix, remedy.commands));
		}

		return toolkit.hook || toolkit.version !== undefined
			? fail(
					`Installed${tell(toolkit.version)}, but the engine does not use it: ${container.text}`,
					why,
					configureToolkit(user),
				)
			: fail(container.text, why, installToolkit(distribution, user));
	}

	if (info.flavour === 'podman' && container.kind !== 'seen' && local && toolkit.cdiFiles.length === 0) {
		return fail('No CDI specification of the GPUs', 'Podman supports GPUs only through CDI.', refreshCdi);
	}

	if (cdiFirst && (cdiDevices.length > 0 || toolkit.cdiFiles.length > 0)) {
		return ok(
			`CDI${tell(toolkit.version)}${toolkit.hook || info.runtimes.includes('nvidia') ? ', also the hook' : ''}`,
		);
	}

	// An error from the hook proves that the engine has it, wherever it is installed.
	const hookSpoke = container.kind === 'failed' && /nvidia-container-cli|\bhook #\d+: /.test(container.text);
	if (toolkit.hook || info.runtimes.includes('nvidia') || container.kind === 'seen' || hookSpoke) {
		const also = cdiDevices.length > 0 || toolkit.cdiFiles.length > 0 ? ', also CDI' : '';
		return ok(`NVIDIA's hook${tell(toolkit.version)}${also}`);
	}

	if (!local || inventory.gpus.length === 0) {
		return skip(local ? 'no GPU' : 'cannot be checked from here; no container has tried it');
	}

	if (toolkit.cdiFiles.length > 0) {
		return fail(
			`A CDI specification exists (${toolkit.cdiFiles[0]}), but this engine uses NVIDIA's hook for GPUs, which is missing`,
			why,
			installToolkit(distribution, user),
		);
	}

	return fail(
		"Neither NVIDIA's hook nor a CDI specification is on this machine",
		why,
		installToolkit(distribution, user),
	);
}

const refreshCdi = autoFix('Regenerate the CDI specification', [
	'sudo systemctl restart nvidia-cdi-refresh.service || sudo nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml',
]);

function tell(version: string | undefined): string {
	return version === undefined ? '' : `, toolkit ${version}`;
}

function judgeContainer(facts: HostFacts): Verdict {
	const {container, inventory} = facts;
	const why = 'Every box needs this.';
	switch (container.kind) {
		case 'skipped':
			return skip(container.reason);
		case 'seen':
			return container.gpus >= inventory.gpus.length
				? ok(`${container.gpus} of ${inventory.gpus.length} seen in ${container.image}`)
				: fail(
						`${container.gpus} of ${inventory.gpus.length} seen in ${container.image}`,
						why,
						advise('Compare what each lists', [
							'nvidia-smi -L',
							`docker run --rm --gpus all ${container.image} nvidia-smi -L`,
						]),
					);
		case 'failed': {
			const remedy = findRemedy(container.text);
			return remedy
				? fail(container.text, remedy.meaning, advise(remedy.fix, remedy.commands))
				: fail(
						container.text,
						why,
						advise('Check the logs of the engine and the kernel', [
							'sudo journalctl -u docker --since -10min',
							'sudo dmesg | tail -50',
						]),
					);
		}
	}
}
