import {Failure} from '../../base/failure.ts';
import {EngineError} from '../../engine/engine.ts';
import type {Catalogue} from '../../image/catalogue/catalogue.ts';
import {similarReferences} from '../../image/similar-reference.ts';
import {safeText} from '../../text/safe.ts';

/** The failure for an image that no registry has, with the known images that were probably meant; any other error unchanged. */
export function nameSimilarImages(error: unknown, reference: string, {entries}: Pick<Catalogue, 'entries'>): unknown {
	if (!(error instanceof EngineError && error.code === 'not-found')) {
		return error;
	}

	const known = entries.map((entry) => entry.reference);
	// A known one that is missing was not mistyped.
	const meant = known.includes(reference) ? [] : similarReferences(reference, known);
	return meant.length === 0
		? error
		: new Failure(`${safeText(reference)} cannot be pulled: ${error.message}`, {
				fix: `Did you mean ${meant.join(', or ')}? If it is in a private registry: docker login`,
				cause: error,
			});
}
