/** Which values look secret, so that they are not shown. A guess: what is hidden without need does no harm. */

const secretName =
	/token|secret|passw|passphrase|passwd|pwd|credential|api_?key|access_?key|private|auth|cookie|session|signature|dsn|webhook|(?:^|_)(?:key|pat|sas|jwt)(?:_|$)/i;
/** Tokens that say by their beginning what they are, and addresses with a password in them. */
const secretValue =
	/^(?:hf_|sk-|ghp_|gho_|ghs_|github_pat_|glpat-|xox[abprs]-|AKIA|ASIA|eyJ[\w-]+\.|-----BEGIN )|\/\/[^/\s:@]*:[^/\s@]+@/;
/** Long, of letters and digits alone, and both of them: what people write has spaces, dots or slashes. */
const random = /^(?=[^0-9]*[0-9])(?=[^a-zA-Z]*[a-zA-Z])[A-Za-z0-9+/_=-]{24,}$/;
/** What is as long and no secret. */
const harmless = /^(?:GPU-|MIG-|sha256:|\/|v?\d+\.)/;

/** @param name of a variable or an option */
export function looksSecret(name: string, value: string): boolean {
	return hasSecretName(name) || isKnownSecret(value) || (random.test(value) && !harmless.test(value));
}

/** @param name of a variable or an option */
export function hasSecretName(name: string): boolean {
	// Options have dashes where variables have underscores.
	return secretName.test(name.replace(/^-+|=$/g, '').replaceAll('-', '_'));
}

/** Whether it says itself that it is one. */
export function isKnownSecret(value: string): boolean {
	return secretValue.test(value);
}

export const hidden = '(hidden)';

/** The words of a command line with what looks secret hidden: values of such options, and such words. */
export function hideInCommand(words: readonly string[]): string[] {
	return words.map((word, place) => {
		const [, option, value] = /^(-{1,2}[^=\s]+=)(.*)$/s.exec(word) ?? [];
		if (option !== undefined && value !== undefined) {
			return looksSecret(option, value) ? `${option}${hidden}` : word;
		}

		const before = words[place - 1] ?? '';
		const isValue = before.startsWith('-') && !before.includes('=') && !word.startsWith('-');
		return looksSecret(isValue ? before : '', word) ? hidden : word;
	});
}
