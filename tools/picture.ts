/**
Puts the picture of the session into the readmes: the very screen that the tests hold the program to. `npm run picture`; a test
tells when it was forgotten.
*/
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const start = '<!-- The picture is written by `npm run picture`. -->';
const end = '<!-- End of the picture. -->';
const screen = fileURLToPath(new URL('../test/session/snapshots/main-80x24.txt', import.meta.url));

/** The documents with a picture, by their names in the project's folder. */
export const illustrated = ['readme.md', 'readme.zh.md'];

function pathOf(document: string): string {
	return fileURLToPath(new URL(`../${document}`, import.meta.url));
}

/** A document with the picture as it should be. */
export function withPicture(document: string): string {
	const [before = '', rest] = readFileSync(pathOf(document), 'utf8').split(start);
	const [, after] = rest?.split(end) ?? [];
	if (after === undefined) {
		throw new Error(`${document} has no place for the picture: ${start} … ${end}`);
	}

	return `${before}${start}\n\n\`\`\`text\n${readFileSync(screen, 'utf8').trimEnd()}\n\`\`\`\n\n${end}${after}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	for (const document of illustrated) {
		writeFileSync(pathOf(document), withPicture(document));
	}
}
