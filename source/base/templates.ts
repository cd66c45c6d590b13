import {fileURLToPath} from 'node:url';
import {readOwnFile} from './bundled-file.ts';

/** A file of templates/, which stands beside both source/ and dist/. For `readOwnFile`: in the executable it is no real path. */
export function templatePath(name: string): string {
	return fileURLToPath(new URL(`../../templates/${name}`, import.meta.url));
}

/**
SHA-256 of a file of templates/, as 64 hexadecimal digits. The build puts those of image layers into the program, which so need not be read at
every start.
*/
export function templateDigest(name: string): string {
	built ??= JSON.parse(process.env.GPUBOX_TEMPLATES ?? '{}') as Record<string, string>;
	return (
		built[name] ?? process.getBuiltinModule('node:crypto').createHash('sha256').update(readTemplate(name)).digest('hex')
	);
}

let built: Record<string, string> | undefined;

export function readTemplate(name: string): string {
	return readOwnFile(templatePath(name));
}
