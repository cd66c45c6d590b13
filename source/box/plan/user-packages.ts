import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import type {Image} from '../../engine/engine.ts';

/**
Below the home: one folder for each image, in which pip installs for the user. Python looks for such packages before it looks into the
image, so one folder for all images would replace the PyTorch of each by that of another.
*/
export const packagesFolder = '.local/images';

/**
The name of an image's folder: the same for every box of this image, whatever gpubox adds to it. Undefined where the image has a place of
its own for such packages: what is in there is part of it.
*/
export function nameOfPackages({id, environment}: Pick<Image, 'id' | 'environment'>): string | undefined {
	return environment.PYTHONUSERBASE === undefined ? id.replace(/^sha256:/, '').slice(0, 12) : undefined;
}

/**
A note on packages that boxes of earlier versions shared, until there are packages of this image.

@param home on the host
*/
export function noteSharedPackages(home: string, packages: string): string[] {
	const shared = list(join(home, '.local/lib')).find(
		(name) => /^python\d/.test(name) && list(join(home, '.local/lib', name, 'site-packages')).length > 0,
	);
	return shared === undefined || existsSync(join(home, packagesFolder, packages))
		? []
		: [
				`Packages in ${join(home, '.local/lib', shared)} are not used: each image has a folder of its own now. Install what this image needs again with pip, and remove that folder.`,
			];
}

function list(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
}
