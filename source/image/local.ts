/** What is known of the images that the engine has. */
import type {Image} from '../engine/engine.ts';
import type {Catalogue} from './catalogue/catalogue.ts';
import {type InspectedImage, identify} from './identify.ts';
import type {ImageFacts} from './image.ts';

/**
The names by which to offer an image: those that the catalogue knows, so that one pulled through a mirror is not listed twice,
else its tags, else its digest.
*/
function namesOf({tags, digests}: Pick<Image, 'tags' | 'digests'>, catalogue: Catalogue): string[] {
	const known = tags.filter((tag) => catalogue.find(tag) !== undefined);
	return known.length > 0 ? known : tags.length > 0 ? tags : digests.slice(0, 1);
}

/** What is known of each, under each of its names. */
export function identifyAll(
	images: ReadonlyArray<InspectedImage & Pick<Image, 'digests'>>,
	catalogue: Catalogue,
): ImageFacts[] {
	return images.flatMap((image) => namesOf(image, catalogue).map((name) => identify(name, image, catalogue)));
}
