import assert from 'node:assert/strict';
import {globSync} from 'node:fs';
import {test} from 'node:test';
import {documents, readDocument, root} from './_commands.ts';

const folders = 'bench|man|source|templates|test|tools';
/** A path from the root in code, or the name of a source file, which has to be such a path. */
const named = new RegExp(`^(?:(?:${folders})/[\\w./*-]*|[\\w./*-]+\\.(?:tsx?|[mc]js))$`);
/** "`groups` in `tools/build.mjs`" */
const nameInFile = new RegExp(`\`(\\w+)\` in \`((?:(?:${folders})/[\\w./-]+|biome\\.json))\``, 'g');

function codeIn(text: string): string[] {
	const prose = text.replaceAll(/^ *```.*?^ *```$/gms, '');
	return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** Documents name end-to-end tests by their file alone. */
function fromRoot(path: string): string {
	return /^[\w-]+\.test\.ts$/.test(path) ? `test/e2e/${path}` : path;
}

for (const document of documents) {
	test(`${document}: every path into the project exists`, () => {
		const paths = codeIn(readDocument(document)).filter((code) => named.test(code));
		const missing = paths.filter((path) => globSync(fromRoot(path), {cwd: root}).length === 0);
		assert.deepEqual(missing, []);
	});

	test(`${document}: what it names in a file is there`, () => {
		const text = readDocument(document).replaceAll(/\s+/g, ' ');
		for (const [, name = '', path = ''] of text.matchAll(nameInFile)) {
			assert.ok(readDocument(path).includes(name), `${name} in ${path}`);
		}
	});
}

test('a path that is wrong is found', () => {
	const paths = codeIn('see `source/box/nowhere.ts`, `plan.ts`, `source/box/`, `gpubox.yaml` and `a.b`');
	assert.deepEqual(
		paths.filter((code) => named.test(code)),
		['source/box/nowhere.ts', 'plan.ts', 'source/box/'],
	);
});
