/** The built-in scenarios, in templates/scenarios. The first is the default of `gpubox demo`. */
export const scenarioNames = [
	'workstation-8x-h100',
	'single-rtx-4090',
	'mixed-cards',
	'mig-h100',
	'dgx-spark-gb10',
	'badly-used',
	'card-fails',
	'driver-mismatch',
	'driver-not-running',
	'no-devices',
] as const;
