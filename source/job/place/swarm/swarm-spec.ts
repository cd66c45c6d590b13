import {parseBytes} from '../../../text/bytes.ts';
import type {StackService} from '../../export/targets/swarm.ts';

/**
A service of a stack as the Engine API takes it: the same fields by other names. Pure.

@param secretIds ids of the swarm's secrets, by name
*/
export function toServiceSpec(
	stack: StackService,
	{name, labels, secretIds}: {name: string; labels: Record<string, string>; secretIds: ReadonlyMap<string, string>},
): object {
	const {limits, reservations} = stack.deploy.resources;
	return {
		Name: name,
		Labels: labels,
		TaskTemplate: {
			ContainerSpec: {
				Image: stack.image,
				Init: stack.init,
				User: stack.user,
				Dir: stack.working_dir,
				Command: stack.entrypoint,
				Env: Object.entries(stack.environment).map(([key, value]) => `${key}=${value}`),
				Secrets: (stack.secrets ?? []).map(({source, target, uid, gid, mode}) => ({
					SecretID: secretIds.get(source),
					SecretName: source,
					File: {Name: target, UID: uid, GID: gid, Mode: mode},
				})),
				CapabilityDrop: stack.cap_drop,
				// Ignored by engines before 25.
				Privileges: {NoNewPrivileges: true},
				Ulimits: Object.entries(stack.ulimits ?? {}).map(([key, value]) => ({Name: key, Soft: value, Hard: value})),
				StopSignal: stack.stop_signal,
				StopGracePeriod: Number.parseInt(stack.stop_grace_period, 10) * 1e9,
				Mounts: stack.volumes.map(({type, source, target, read_only: readOnly, tmpfs}) => ({
					Type: type,
					Target: target,
					...(source === undefined ? {} : {Source: source}),
					...(readOnly ? {ReadOnly: true} : {}),
					...(tmpfs === undefined ? {} : {TmpfsOptions: {SizeBytes: tmpfs.size}}),
				})),
			},
			Resources: {
				Limits: {
					...(limits?.memory === undefined ? {} : {MemoryBytes: parseBytes(limits.memory)}),
					...(limits?.cpus === undefined ? {} : {NanoCPUs: Math.round(Number(limits.cpus) * 1e9)}),
					...(limits?.pids === undefined ? {} : {Pids: limits.pids}),
				},
				Reservations: {
					GenericResources: (reservations?.generic_resources ?? []).map(({discrete_resource_spec: {kind, value}}) => ({
						DiscreteResourceSpec: {Kind: kind, Value: value},
					})),
				},
			},
			RestartPolicy: {Condition: stack.deploy.restart_policy.condition},
		},
		Mode: {ReplicatedJob: {MaxConcurrent: 1, TotalCompletions: 1}},
	};
}
