import assert from 'node:assert/strict';
import {
	chmodSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	utimesSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {openInBrowser, pagesFolder, redirectPage} from '../../source/host/browser.ts';

const url = 'http://127.0.0.1:8888/aBcD_-12/?token=0123456789abcdef0123456789abcdef';

describe('a page that sends the browser on', () => {
	const scratch = mkdtempSync(join(tmpdir(), 'gpubox-browser-'));
	after(() => rmSync(scratch, {recursive: true}));
	const opened: string[] = [];
	const start = async (page: string) => {
		opened.push(page);
	};

	test('is for its owner alone whatever the umask, and the old ones go', async () => {
		const environment = {HOME: mkdtempSync(join(scratch, 'home-'))};
		const folder = pagesFolder(environment);
		const before = process.umask(0);
		try {
			assert.equal(await openInBrowser(url, environment, start), undefined);
		} finally {
			process.umask(before);
		}

		const [first = ''] = readdirSync(folder);
		assert.equal(opened.at(-1), join(folder, first), 'the file, not the address');
		assert.equal(statSync(folder).mode & 0o777, 0o700);
		assert.equal(statSync(join(folder, first)).mode & 0o777, 0o600);
		assert.ok(readFileSync(join(folder, first), 'utf8').includes(url));
		assert.equal(await openInBrowser(url, environment, start), undefined);
		assert.equal(readdirSync(folder).length, 2, 'a browser may still be reading the first');
		utimesSync(join(folder, first), new Date(0), new Date(0));
		chmodSync(folder, 0o777);
		assert.equal(await openInBrowser(url, environment, start), undefined);
		assert.ok(!readdirSync(folder).includes(first));
		assert.equal(statSync(folder).mode & 0o777, 0o700);
	});

	test('is not written through a link', async () => {
		const environment = {HOME: mkdtempSync(join(scratch, 'home-'))};
		const elsewhere = mkdtempSync(join(scratch, 'elsewhere-'));
		mkdirSync(join(environment.HOME, '.local/share/jupyter'), {recursive: true});
		symlinkSync(elsewhere, pagesFolder(environment));
		assert.match((await openInBrowser(url, environment, start)) ?? '', /not a folder of yours/);
		assert.deepEqual(readdirSync(elsewhere), []);
	});

	test('is not left behind when there is no browser, and the reason is given', async () => {
		const environment = {HOME: mkdtempSync(join(scratch, 'home-'))};
		const missing = () => Promise.reject(new Error('spawn xdg-open ENOENT'));
		assert.equal(await openInBrowser(url, environment, missing), 'No browser could be started: spawn xdg-open ENOENT');
		assert.deepEqual(readdirSync(pagesFolder(environment)), []);
	});

	test('holds an address as text: nothing in it ends the tag or the script', () => {
		const page = redirectPage(`http://h/"'><script>alert(1)</script>&`);
		assert.equal(page.match(/<script>/g)?.length, 1);
		assert.equal(page.match(/<\/script>/g)?.length, 1);
		assert.ok(page.includes('http://h/&#34;&#39;&#62;&#60;script'));
	});
});
