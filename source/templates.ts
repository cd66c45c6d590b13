import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

/** A file of templates/, which stands beside both source/ and dist/. */
export function templatePath(name: string): string {
	return fileURLToPath(new URL(`../templates/${name}`, import.meta.url));
}

export function readTemplate(name: string): string {
	return readFileSync(templatePath(name), 'utf8');
}
