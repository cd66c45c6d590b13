import {editDistance, mostSimilar} from '../text/match/similar.ts';

/**
The known images that a mistyped or incomplete reference most likely meant, the likeliest first: other tags of its repository, else those of a
repository with nearly that name.
*/
export function similarReferences(given: string, known: readonly string[], most = 3): string[] {
	const {repository, tag} = parts(given);
	if (repository === '') {
		return [];
	}

	const repositories = [...new Set(known.map((reference) => parts(reference).repository))];
	const meant =
		repositories.find((name) => name === repository) ??
		repositories.find((name) => name.endsWith(`/${repository}`) && repository.includes('/')) ??
		repositories.find((name) => lastName(name) === lastName(repository)) ??
		mostSimilar(repository, repositories) ??
		repositories.find((name) => lastName(name) === mostSimilar(lastName(repository), repositories.map(lastName)));
	if (meant === undefined) {
		return [];
	}

	const distance = (reference: string) => {
		const own = parts(reference).tag;
		return own.startsWith(tag) ? own.length - tag.length : 1000 + editDistance(own, tag);
	};
	return known
		.filter((reference) => parts(reference).repository === meant)
		.toSorted((a, b) => (tag === '' ? 0 : distance(a) - distance(b)))
		.slice(0, most);
}

function parts(reference: string): {repository: string; tag: string} {
	const [, repository = reference, tag = ''] = /^(.*?)(?::([^/:]*))?(?:@.*)?$/.exec(reference.toLowerCase()) ?? [];
	return {repository: repository.replace(/^docker\.io\/(?:library\/)?/, ''), tag};
}

function lastName(repository: string): string {
	return repository.split('/').at(-1) ?? repository;
}
