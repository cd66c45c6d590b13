import assert from 'node:assert/strict';
import {registerHooks} from 'node:module';
import {test} from 'node:test';

test('verbs that read no settings, and a project without files, load no parser', async () => {
	const loaded = new Set<string>();
	const hooks = registerHooks({
		resolve(specifier, context, next) {
			const resolved = next(specifier, context);
			loaded.add(/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(resolved.url)?.[1] ?? resolved.url);
			return resolved;
		},
	});
	try {
		await import('../../source/commands/ls.ts');
		await import('../../source/commands/start.ts');
		const {loadSettings} = await import('../../source/app/load-settings.ts');
		await import('../../source/commands/up.ts');
		await import('../../source/app/up.ts');
		await loadSettings(import.meta.dirname, {files: false});
	} finally {
		hooks.deregister();
	}

	assert.ok(
		[...loaded].some((url) => url.endsWith('source/commands/ls.ts')),
		'the hook sees what is loaded',
	);
	for (const library of ['yaml', 'valibot', 'conf']) {
		assert.ok(!loaded.has(library), `${library} was loaded`);
	}
});
