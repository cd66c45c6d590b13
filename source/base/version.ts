/** Put in by the build; a run from source has none. */
export const version = process.env.GPUBOX_VERSION ?? '0.0.0-source';
