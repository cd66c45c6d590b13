import {Document, isNode} from 'yaml';

export type YamlOptions = {
	/** Lines of the comment at the top. */
	head?: readonly string[];
	/** Comments above an entry, by its path. */
	notes?: ReadonlyArray<{path: ReadonlyArray<string | number>; lines: readonly string[]}>;
};

/**
YAML of a plain value. Many readers still follow YAML 1.1, for which `yes`, `on` and `012` are no text: such text is quoted.
*/
export function writeYaml(value: object, {head = [], notes = []}: YamlOptions = {}): string {
	const document = new Document(value, {compat: 'yaml-1.1', aliasDuplicateObjects: false});
	for (const {path, lines} of notes) {
		const node = document.getIn(path, true);
		if (isNode(node)) {
			node.commentBefore = lines.map((line) => ` ${line}`).join('\n');
		}
	}

	if (head.length > 0) {
		document.commentBefore = head.map((line) => ` ${line}`).join('\n');
	}

	return document.toString({lineWidth: 0});
}

/** An object without the entries that are undefined. */
export function defined<T extends object>(value: T): {[K in keyof T]: Exclude<T[K], undefined>} {
	return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as {
		[K in keyof T]: Exclude<T[K], undefined>;
	};
}
