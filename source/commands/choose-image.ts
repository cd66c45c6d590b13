import type {ChosenImage, ImageFacts} from '../box/up-steps.ts';
import {exitCode, Failure} from '../failure.ts';
import type {Host} from '../host/host.ts';

/** The image of a new box: the one named, else the one recommended for this host. */
export function imageChooser(
	_host: Host,
	wish: {image: string | undefined; force: boolean},
): (facts: ImageFacts) => Promise<ChosenImage> {
	return async () => {
		if (wish.image === undefined) {
			throw new Failure('No image was named.', {fix: 'Name one: --image', exitCode: exitCode.usage});
		}

		return {reference: wish.image, provides: [], notes: []};
	};
}
