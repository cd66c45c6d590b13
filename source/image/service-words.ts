import type {Provides} from './image.ts';

/** What the services are called where people write or read them: in labels, a team's entries, and --json. */
export const serviceWords = {jupyter: 'jupyter', ssh: 'sshd'} as const satisfies Record<Provides, string>;

/** The services that some words name; other words name none. */
export function servicesOf(words: readonly string[]): Provides[] {
	return words.flatMap((word) => (['jupyter', 'ssh'] as const).filter((service) => serviceWords[service] === word));
}
