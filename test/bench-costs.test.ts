import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import test from 'node:test';
import {bundleBytes, type Costs, costsOf} from '../bench/costs.ts';

const known = JSON.parse(await readFile(new URL('../bench/costs.json', import.meta.url), 'utf8')) as {
	bundleBytes: number;
	calls: Record<string, Costs>;
};
const skip = existsSync(new URL('../dist/cli.js', import.meta.url)) ? false : 'not built: npm run build';

// None of these depends on how fast the machine is. What grows on purpose is written again into bench/costs.json, where a review sees it.
for (const [call, before] of Object.entries(known.calls)) {
	test(`gpubox ${call} loads and asks no more than it did`, {skip}, async () => {
		const now = await costsOf(call.split(' '));
		const figures = `now ${JSON.stringify(now)}, in bench/costs.json ${JSON.stringify(before)}`;
		assert.ok(now.chunks > 0 && now.requests > 0, figures);
		assert.ok(now.nodeModules <= before.nodeModules + 3, `more of Node's modules: ${figures}`);
		assert.ok(now.chunks <= before.chunks + 1, `more chunks: ${figures}`);
		assert.ok(now.chunkBytes <= before.chunkBytes * 1.1, `more code: ${figures}`);
		assert.ok(now.requests <= before.requests, `more requests to the engine: ${figures}`);
	});
}

test('the bundle is not more than a tenth larger than it was', {skip}, async () => {
	const now = await bundleBytes();
	assert.ok(now <= known.bundleBytes * 1.1, `${now} bytes, in bench/costs.json ${known.bundleBytes}`);
});
