#!/usr/bin/env node
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {findCodeCache} from './start/code-cache.ts';
import {purposeOf, readBeginning} from './start/command-line.ts';
import {openCode} from './start/compiled-code.ts';
import {dropEmptyVariables} from './start/empty-variables.ts';
import {limitHeapFor} from './start/heap.ts';
import {refuseOldNode} from './start/old-node.ts';

refuseOldNode();
dropEmptyVariables(process.env);
void start();

async function start(): Promise<void> {
	const build = process.env.GPUBOX_BUILD;
	// From source there is no bundle.
	if (build === undefined) {
		const {main} = await import('./main.ts');
		await main(() => {});
		return;
	}

	const purpose = purposeOf(readBeginning(process.argv.slice(2)).word);
	limitHeapFor(purpose);
	const folder = import.meta.dirname;
	const code = openCode({
		folder,
		// Nothing but ASCII, which Node reads fastest under this name.
		read: (name) => readFileSync(join(folder, name), 'utf8'),
		cache: findCodeCache(process.env),
		build,
		purpose,
	});
	const {main} = code.load('main.js') as typeof import('./main.ts');
	await main(code.keep);
}
