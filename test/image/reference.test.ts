import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import fc from 'fast-check';
import {parseReference} from '../../source/image/reference.ts';

const part = fc.stringMatching(/^[a-z0-9]{1,6}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}$/);
const registry = fc.option(
	fc.stringMatching(/^(?:[a-z][a-z0-9]{0,5}(?:\.[a-z]{2,4}){1,2}(?::\d{2,5})?|localhost(?::\d{2,5})?)$/),
	{nil: undefined},
);
const tag = fc.option(fc.stringMatching(/^\w[\w.-]{0,10}$/), {nil: undefined});
const digest = fc.option(fc.stringMatching(/^sha256:[0-9a-f]{64}$/), {nil: undefined});

describe('image references', () => {
	test('in all their forms have the parts that they are made of', () => {
		fc.assert(
			fc.property(registry, fc.array(part, {minLength: 1, maxLength: 3}), tag, digest, (host, parts, version, hash) => {
				// Without a registry, a first part with a dot is one; docker reads it so, too.
				fc.pre(host !== undefined || parts.length === 1 || !/[.:]/.test(parts[0] ?? ''));
				const text = `${host === undefined ? '' : `${host}/`}${parts.join('/')}${version === undefined ? '' : `:${version}`}${hash === undefined ? '' : `@${hash}`}`;
				const path = parts.join('/');
				assert.deepEqual(parseReference(text), {
					registry: host ?? 'docker.io',
					repository: host === undefined && parts.length === 1 ? `library/${path}` : path,
					tag: version ?? (hash === undefined ? 'latest' : null),
					digest: hash ?? null,
				});
			}),
		);
	});

	test('any text is one or is refused, and what is taken has nothing that means something elsewhere', () => {
		const near = fc
			.array(
				fc.constantFrom(...'a Z 0 . _ - / : @ [ ] localhost sha256: \u001B \n \u202E ../ // latest'.split(' '), ' '),
				{maxLength: 12},
			)
			.map((words) => words.join(''));
		fc.assert(
			fc.property(fc.oneof(near, fc.string({unit: 'binary'})), (text) => {
				const found = parseReference(text);
				if (found !== undefined) {
					assert.match(text, /^[\w.:@/[\]-]+$/);
					assert.ok(!found.repository.split('/').some((each) => each === '' || /^\.+$/.test(each)));
				}
			}),
			{numRuns: 1000},
		);
	});
});
