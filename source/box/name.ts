import {basename} from 'node:path';
import {exitCode, Failure} from '../base/failure.ts';
import {hashOf} from '../base/hash.ts';
import type {Person} from '../host/host.ts';
import {namePattern} from './box.ts';

/** The default name of a box, from owner and project: `alice-train`. Always valid as a container's name. */
export function defaultName(owner: string, project: string): string {
	return clean(`${clean(owner) || 'user'}-${clean(basename(project)) || 'box'}`).slice(0, 54);
}

/**
The names that `up` gives a user's box for a project when none is asked for, in this order: PERSON-PROJECT; where that belongs to
another user of the same name, with the uid; for a second folder of the same name (or title), with a hash of its path.
*/
export function ownNames({name, uid}: Pick<Person, 'name' | 'uid'>, project: string, title = project): string[] {
	const first = defaultName(name, title);
	const hash = (text: string) => hashOf(text).slice(0, 6);
	return [first, `${first.slice(0, 50)}-${uid}`, `${first}-${hash(project)}`, `${first}-${hash(`${uid} ${project}`)}`];
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
