/** Labels of the images that gpubox builds (up/image/build-layers.ts), for code that only reads them. */

/** The image it was built from, as the user names it. */
export const derivedFrom = 'gpubox.derived-from';

/** The id of that image, which stays valid when the name is moved to a newer build. */
export const derivedFromId = 'gpubox.derived-from-id';

/** What could not be fetched when the layer was built, with spaces between; empty where it was added since. */
export const lacksLabel = 'gpubox.lacks';

/** When that was tried last, as an ISO date. */
export const triedLabel = 'gpubox.lacks-tried';

/** On images that `gpubox push` built: which verb it was. */
export const builtBy = 'gpubox.built-by';

/** The labels of images that gpubox built, or that were built from a Dockerfile of `gpubox export`. */
export const ownImageLabels: readonly string[] = [
	...[derivedFrom, derivedFromId, builtBy, lacksLabel, triedLabel],
	...['gpubox.artifacts', 'gpubox.floor.driver', 'gpubox.floor.computeCapability'],
];
