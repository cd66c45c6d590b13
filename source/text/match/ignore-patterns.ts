/** The patterns of a .dockerignore, as the `docker` command reads them (moby/patternmatcher). */

/** Whether a path is left out, and whether anything in a folder that is left out may be taken in again. */
export type IgnoreRules = {
	/** @param path relative, with `/`, without a `/` at the end */
	ignores(path: string): boolean;
	hasExceptions: boolean;
};

/**
The last pattern that matches a path, or a folder that it is in, counts. `!` in front takes it in again. `*` and `?` stop at a `/`, `**`
does not. A line that is no pattern matches nothing. Pure.

@param text of the file; undefined for none
*/
export function parseIgnore(text: string | undefined): IgnoreRules {
	const rules = (text ?? '')
		.replace(/^\uFEFF/, '')
		.split('\n')
		.filter((line) => !line.startsWith('#'))
		.flatMap((line) => toRule(line.trim()));
	return {
		hasExceptions: rules.some(({takesIn}) => takesIn),
		ignores(path) {
			const parts = path.split('/');
			const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
			const last = rules.findLast(({pattern}) => above.some((each) => pattern.test(each)));
			return last !== undefined && !last.takesIn;
		},
	};
}

type Rule = {pattern: RegExp; takesIn: boolean};

function toRule(line: string): Rule[] {
	const takesIn = line.startsWith('!');
	const cleaned = clean(takesIn ? line.slice(1).trim() : line);
	try {
		return cleaned === '' ? [] : [{pattern: new RegExp(`^${toExpression(cleaned)}$`, 's'), takesIn}];
	} catch {
		return [];
	}
}

/** As `filepath.Clean` in Go, from the top of the project. */
function clean(pattern: string): string {
	const parts: string[] = [];
	for (const part of pattern.split('/')) {
		if (part === '..') {
			parts.pop();
		} else if (part !== '' && part !== '.') {
			parts.push(part);
		}
	}

	return parts.join('/');
}

function toExpression(pattern: string): string {
	return pattern.replace(/\*\*\/?|\*|\?|\\.|\[\^?[^\]]*\]|[\s\S]/g, (token, at: number) => {
		if (token.startsWith('**')) {
			return at + token.length === pattern.length ? '.*' : token.endsWith('/') ? '(?:.*/)?' : '.*';
		}

		switch (token) {
			case '*':
				return '[^/]*';
			case '?':
				return '[^/]';
			default:
				// A class is written as in JavaScript.
				return token.startsWith('[') && token.length > 1
					? token
					: (token.startsWith('\\') ? token.slice(1) : token).replace(/[\^$.*+?()[\]{}|/\\-]/, '\\$&');
		}
	});
}
