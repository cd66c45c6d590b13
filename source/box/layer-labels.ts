/** Labels of the images that gpubox derives from others (derive.ts), for those who only read them. */

/** The image it was made from, as the person calls it. */
export const derivedFrom = 'gpubox.derived-from';

/** The id of that image, which keeps its meaning when the name moves on. */
export const derivedFromId = 'gpubox.derived-from-id';

/** Those that images of gpubox's own have. */
export const ownImageLabels: readonly string[] = [derivedFrom, derivedFromId];
