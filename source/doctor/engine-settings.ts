import {defaultRuntimeHasGpus, type EngineInfo} from '../engine/engine.ts';
import {advise, ok, skip, type Verdict, warn} from './check.ts';

// https://docs.docker.com/engine/security/rootless/tips/#limiting-resources
const delegateLimits = advise(
	'A rootless engine needs cgroup v2 with systemd, and the controllers that systemd delegates to users',
	[
		'docker info --format "{{.CgroupVersion}} {{.CgroupDriver}}"',
		'cat "/sys/fs/cgroup/user.slice/user-$(id -u).slice/user@$(id -u).service/cgroup.controllers"',
	],
);

/**
Settings of the whole engine (daemon.json) that change what a box is. Most of them a box overrides in its own request
(source/box/plan/base.ts); what it cannot override is a warning.
*/
export function judgeEngineSettings(info: EngineInfo | undefined): Verdict {
	if (info === undefined) {
		return skip('not known');
	}

	const {remapsUsers, defaultRuntime, missingLimits = [], noNewPrivileges, logDriver = 'json-file'} = info;
	const why = 'These are settings of the engine for all containers.';
	if (missingLimits.length > 0) {
		return warn(
			`The ${info.rootless ? 'rootless engine' : 'kernel'} does not limit ${missingLimits.join(', ')} of containers: such limits of a box have no effect`,
			'A runaway program could then take the whole host down.',
			info.rootless
				? delegateLimits
				: advise(
						'Turn the control groups on and reboot (Debian: cgroup_enable=memory swapaccount=1 on the kernel command line)',
						['docker info | grep -i warning'],
					),
		);
	}

	if (remapsUsers) {
		return warn(
			'userns-remap: boxes run outside of it (--userns host), because your files would belong to another user inside; --sudo is refused',
			why,
			advise('For boxes with --sudo, remove userns-remap from /etc/docker/daemon.json and restart docker', [
				'docker info --format "{{.SecurityOptions}}"',
			]),
		);
	}

	if (!defaultRuntimeHasGpus(info)) {
		return warn(
			`default-runtime is ${defaultRuntime}: boxes with GPUs use runc, the others ${defaultRuntime}`,
			why,
			advise('Change default-runtime in /etc/docker/daemon.json if boxes without GPUs misbehave', [
				'docker info --format "{{.DefaultRuntime}}"',
			]),
		);
	}

	const overridden = [
		...(noNewPrivileges ? ['no-new-privileges (not for boxes with --sudo)'] : []),
		...(logDriver === 'json-file' ? [] : [`log driver ${logDriver} (boxes use json-file)`]),
	];
	return ok(overridden.length > 0 ? overridden.join(', ') : 'nothing that changes a box');
}
