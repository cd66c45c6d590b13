import {createHash} from 'node:crypto';
import {basename} from 'node:path';
import {exitCode, Failure} from '../base/failure.ts';
import {namePattern} from './box.ts';

/** The default name of a box, from owner and project: `alice-train`. Always valid as a container's name. */
export function defaultName(owner: string, project: string): string {
	return clean(`${clean(owner) || 'user'}-${clean(basename(project)) || 'box'}`).slice(0, 54);
}

/** The name for a second project folder of the same name (or title): with a short hash of the folder's path. */
export function distinctName(owner: string, project: string, title = project): string {
	return `${defaultName(owner, title)}-${createHash('sha256').update(project).digest('hex').slice(0, 6)}`;
}

/** @throws Failure (usage) when the engine would refuse the name. */
export function checkName(name: string): string {
	if (!namePattern.test(name)) {
		throw new Failure(`Invalid box name: "${name}".`, {
			fix: 'Use up to 62 lower-case letters, digits, ".", "_" and "-", starting with a letter or digit.',
			exitCode: exitCode.usage,
		});
	}

	return name;
}

function clean(text: string): string {
	return text
		.toLowerCase()
		.replace(/[^a-z0-9_.-]+/g, '-')
		.replace(/^[^a-z0-9]+|[-.]+$/g, '');
}
