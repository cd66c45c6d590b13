/** Letters and digits of a name that a program takes in names of its own. */
const plain = /^[\u0020-\u007E]*$/;

/**
A name in Latin letters, syllables of Chinese apart: `图像分割` is `tu-xiang-fen-ge`. Accents go, other scripts are transliterated.
Undefined for one that has Latin letters only, so that the tables are loaded for no one who does not need them, and where nothing is left.
*/
export async function toLatin(name: string): Promise<string | undefined> {
	if (plain.test(name)) {
		return undefined;
	}

	const {default: anyAscii} = await import('any-ascii');
	const latin = Array.from(name.normalize('NFC'), (character) =>
		/\p{Script=Han}/u.test(character) ? `-${anyAscii(character)}-` : anyAscii(character),
	)
		.join('')
		.toLowerCase()
		.replace(/[^a-z0-9_.]+/g, '-')
		.replace(/^[^a-z0-9]+|[-.]+$/g, '');
	return latin === '' ? undefined : latin;
}
