/** Put in by the build; a run from source has none. */
export const version = process.env.GPUBOX_VERSION ?? '0.0.0-source';

/** What `--version` prints: the version alone on the first line, then what tells two builds of it apart (tools/build-facts.mjs). */
export function describeVersion(): string {
	return [
		version,
		`commit ${process.env.GPUBOX_COMMIT ?? 'unknown: run from source'}`,
		`build ${process.env.GPUBOX_DIGEST ?? 'none: run from source'}`,
	].join('\n');
}
