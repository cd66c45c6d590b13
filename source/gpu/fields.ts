/**
What is asked of `nvidia-smi --query-gpu`. A driver that does not know one field answers with nothing but the name of
that field, so every list can be asked again without it.
*/

/**
Asked once. The name stands last: it is the only cell in which a comma could occur.
`compute_cap` is unknown to drivers before about R495, `gpu_recovery_action` to those before about R570.
*/
export const staticFields: readonly string[] = [
	'index',
	'uuid',
	'pci.bus_id',
	'driver_version',
	'compute_cap',
	'memory.total',
	'mig.mode.current',
	'mig.mode.pending',
	'compute_mode',
	'gpu_recovery_action',
	'persistence_mode',
	'power.limit',
	'utilization.gpu',
	'memory.used',
	'clocks.max.sm',
	'power.default_limit',
	'pcie.link.width.max',
	'name',
];

/** Why the clocks are lower than they could be, as bits. Drivers from R535 on list it under the second name first, and know both. */
export const throttleField = 'clocks_throttle_reasons.active';
export const newThrottleField = 'clocks_event_reasons.active';

/** Asked at every tick. The `power.draw.*` fields exist from about R530 on. */
export const streamFields: readonly string[] = [
	'index',
	'uuid',
	'utilization.gpu',
	'utilization.memory',
	'memory.used',
	'memory.total',
	'temperature.gpu',
	'power.draw',
	'power.draw.instant',
	'enforced.power.limit',
	'clocks.current.sm',
	'clocks.current.memory',
	'fan.speed',
	'pstate',
	throttleField,
	'pcie.link.width.current',
];

// Without these a row says nothing about which GPU it means; every driver knows them.
const needed = new Set(['index', 'uuid', 'name']);

/**
The list without the field that the driver rejected, or with its other name.
`undefined` when asking again would not help: the field is needed, or was never asked for.
*/
export function withoutField(fields: readonly string[], rejected: string): string[] | undefined {
	if (needed.has(rejected) || !fields.includes(rejected)) {
		return undefined;
	}

	return rejected === throttleField
		? fields.map((field) => (field === throttleField ? newThrottleField : field))
		: fields.filter((field) => field !== rejected);
}

/** The arguments of a query without a header line and without units. */
export function queryArguments(fields: readonly string[]): string[] {
	return [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'];
}
