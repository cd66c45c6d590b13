/**
Puts the picture of the session into the readme: the very screen that the tests hold the program to. `npm run picture`; a test
tells when it was forgotten.
*/
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const start = '<!-- The picture is written by `npm run picture`. -->';
const end = '<!-- End of the picture. -->';
const readme = fileURLToPath(new URL('../readme.md', import.meta.url));
const screen = fileURLToPath(new URL('../test/session/snapshots/main-80x24.txt', import.meta.url));

/** The readme with the picture as it should be. */
export function withPicture(): string {
	const [before = '', rest = ''] = readFileSync(readme, 'utf8').split(start);
	const [, after = ''] = rest.split(end);
	return `${before}${start}\n\n\`\`\`text\n${readFileSync(screen, 'utf8').trimEnd()}\n\`\`\`\n\n${end}${after}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	writeFileSync(readme, withPicture());
}
