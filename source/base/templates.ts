import {fileURLToPath} from 'node:url';
import {readOwnFile} from './bundled-file.ts';

/** A file of templates/, which stands beside both source/ and dist/. For `readOwnFile`: in the executable it is no real path. */
export function templatePath(name: string): string {
	return fileURLToPath(new URL(`../../templates/${name}`, import.meta.url));
}

export function readTemplate(name: string): string {
	return readOwnFile(templatePath(name));
}
