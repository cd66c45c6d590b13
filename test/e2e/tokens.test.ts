import assert from 'node:assert/strict';
import {createHmac, randomBytes} from 'node:crypto';
import {readdir, readFile, stat, writeFile} from 'node:fs/promises';
import {request} from 'node:http';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {buildImage, dockerOf, makePerson, type Person, testHost, waitUntil} from '../_helpers/test-host/index.ts';

// Jupyter's token on a real engine: in no log, in nothing that a commit or an export takes along, and never too short.

const host = testHost();
const docker = dockerOf(host);

type BoxJson = {name: string; id: string; jupyter: {url: string; token: string}};

async function up(person: Person, ...options: string[]): Promise<BoxJson> {
	const {stdout, stderr, code} = await person.runGpubox(['up', '--json', '--gpus', 'none', ...options]);
	assert.equal(code, 0, stderr);
	return JSON.parse(stdout) as BoxJson;
}

async function removeAll(person: Person): Promise<void> {
	const {boxes} = JSON.parse((await person.runGpubox(['ls', '--json'])).stdout) as {
		boxes: Array<{name: string; project: string}>;
	};
	for (const {name} of boxes.filter(({project}) => project.startsWith(person.project))) {
		await person.runGpubox(['rm', '--yes', name]);
	}

	await person.remove();
}

type Answer = {status: number; body: string; cookies: string[]; location: string};

/** Asks as a browser does, with every header as given; `fetch` forbids some. */
function ask(url: string, headers: Record<string, string> = {}): Promise<Answer> {
	return new Promise((resolve, reject) => {
		const asked = request(url, {headers, agent: false}, (response) => {
			let body = '';
			response.setEncoding('utf8').on('data', (text: string) => {
				body += text;
			});
			response.once('end', () =>
				resolve({
					status: response.statusCode ?? 0,
					body,
					cookies: response.headers['set-cookie'] ?? [],
					location: response.headers.location ?? '',
				}),
			);
		});
		asked.once('upgrade', (response, socket) => {
			socket.destroy();
			resolve({status: response.statusCode ?? 0, body: '', cookies: [], location: ''});
		});
		asked.once('error', reject);
		asked.end();
	});
}

const websocket = () => ({
	connection: 'Upgrade',
	upgrade: 'websocket',
	'sec-websocket-version': '13',
	'sec-websocket-key': randomBytes(16).toString('base64'),
});

/** All that a container's log holds, also what gpubox would not print. */
async function wholeLog(id: string): Promise<string> {
	return ((await docker.getContainer(id).logs({stdout: true, stderr: true})) as unknown as Buffer).toString('latin1');
}

const servers = ['notebook', 'server'] as const;
for (const server of servers) {
	describe(`the token of jupyter-${server}`, () => {
		let person: Person;
		let neighbour: Person;
		let box: BoxJson;
		let path: string;
		let origin: string;
		let image: string = host.images.jupyter;
		before(async () => {
			person = await makePerson(host);
			neighbour = await makePerson(host, 'neighbour');
			if (server !== 'notebook') {
				image = `gpubox-test/jupyter-${server}:1`;
				await buildImage(
					docker,
					image,
					`FROM ${host.images.jupyter}\nRUN rm "$(command -v jupyter-notebook)" && command -v jupyter-${server}\n`,
					{signal: new AbortController().signal},
				);
			}

			box = await up(person, '--image', image);
			({pathname: path, origin} = new URL(box.jupyter.url));
		});
		after(async () => {
			await removeAll(person);
			await neighbour.remove();
		});

		test('is in no line of the log, whatever is asked for', async () => {
			const {url, token} = box.jupyter;
			assert.match((await docker.getContainer(box.id).top()).Processes.join('\n'), new RegExp(`jupyter-${server}`));
			const wrong = 'a-token-that-was-mistyped-0123456';
			const {id: kernel} = (await (
				await fetch(new URL('api/kernels', url), {
					method: 'POST',
					headers: {authorization: `token ${token}`},
					body: '{}',
				})
			).json()) as {id: string};
			const asked = [
				await ask(`${url}?token=${token}`),
				await ask(`${url}missing-page?token=${token}`),
				await ask(`${url}missing-page-2`, {referer: `${url}tree?token=${token}`, 'user-agent': `x token=${token}`}),
				await ask(`${url}login?next=${encodeURIComponent(`${path}tree?token=${token}`)}`),
				await ask(`${url}tree?token=${wrong}`),
				await ask(`${url}api/kernels/${kernel}/channels?token=${token}`, websocket()),
				await ask(`${url}api/kernels/not-there/channels?token=${token}`, websocket()),
				await ask(`${url}terminals/websocket/1?token=${wrong}`, websocket()),
				await ask(`${url}missing%2Fpage?Token=${token}`),
				await ask(`${origin}/outside?token=${token}`),
			];
			assert.ok(asked.some(({status}) => status === 404));
			assert.ok(server !== 'notebook' || asked.some(({status}) => status === 302));
			assert.ok(
				asked.some(({status}) => status === 101),
				'a websocket was opened',
			);
			await waitUntil('the last line', async () => (await wholeLog(box.id)).includes('/outside?'));
			const log = await wholeLog(box.id);
			for (const line of ['missing-page?token=[hidden]', 'missing-page-2', 'not-there/channels?token=[hidden]']) {
				assert.ok(log.includes(line), line);
			}

			const shown = await neighbour.runGpubox(['logs', box.name]);
			for (const text of [log, shown.stdout, shown.stderr]) {
				for (const secret of [token, wrong, path.replaceAll('/', '')]) {
					assert.ok(
						!text.includes(secret),
						text.split('\n').find((line) => line.includes(secret)),
					);
				}
			}

			assert.match(shown.stdout + shown.stderr, /missing-page/);
		});

		test('is in nothing that docker commit or docker export takes along', async () => {
			const found = await person.runGpubox([
				'attach',
				box.name,
				'--',
				'sh',
				'-c',
				// Jupyter may answer before it has written it.
				'stat -c %a "$JUPYTER_RUNTIME_DIR"; for i in 1 2 3 4 5 6 7 8 9 10; do n=$(grep -rlF "$(cat /run/secrets/jupyter_token)" "$JUPYTER_RUNTIME_DIR" | wc -l); [ "$n" -gt 0 ] && break; sleep 1; done; echo "$n"',
			]);
			const [mode, count] = found.stdout.trim().split('\n');
			// Jupyter itself adds the sticky bit.
			assert.match(mode ?? '', /^1?700$/);
			assert.ok(Number(count) > 0, 'Jupyter still writes it into its runtime folder');
			let tail = '';
			let bytes = 0;
			for await (const piece of await docker.getContainer(box.id).export()) {
				const text = tail + (piece as Buffer).toString('latin1');
				assert.ok(!text.includes(box.jupyter.token));
				tail = text.slice(-box.jupyter.token.length);
				bytes += (piece as Buffer).length;
			}

			assert.ok(bytes > 10 * 1024 ** 2, `${bytes} bytes looked at`);
		});

		test('its cookies are for a path that only the owner knows, and nothing tells which', async () => {
			const {token, url} = box.jupyter;
			assert.match(path, /^\/[\w-]{8}\/$/);
			const name = path.replaceAll('/', '');
			for (const elsewhere of [
				'/',
				'/tree',
				'/lab',
				'/login',
				'/api',
				'/api/status',
				'/static/x',
				'/favicon.ico',
				'//',
				`/${name}`,
			]) {
				const {status, body, cookies, location} = await ask(`${origin}${elsewhere}`);
				assert.deepEqual([elsewhere, status, cookies, location], [elsewhere, 404, [], '']);
				assert.ok(!body.includes(name), elsewhere);
			}

			const opened = await ask(`${url}api/contents?token=${token}`);
			assert.equal(opened.status, 200);
			assert.ok(opened.cookies.length > 0);
			for (const cookie of [...opened.cookies, ...(await ask(`${url}login`)).cookies]) {
				assert.match(cookie, new RegExp(`; Path=${path}(?:;|$)`), cookie);
				assert.match(cookie, /; SameSite=Lax(?:;|$)/, cookie);
			}

			const [login = ''] = opened.cookies.filter((cookie) => cookie.startsWith('username-'));
			assert.match(login, /; HttpOnly(?:;|$)/);
			const listed = (await neighbour.runGpubox(['ls', '--json'])).stdout;
			assert.ok(listed.includes(box.name) && !listed.includes(name), 'others see the port, and no path');
			assert.ok(!JSON.stringify(await docker.getContainer(box.id).inspect()).includes(name));
		});

		test('who was logged in stays so when the box is started again', async () => {
			const {token, url} = box.jupyter;
			const {cookies} = await ask(`${url}api/contents?token=${token}`);
			const cookie = cookies.map((each) => each.split(';')[0]).join('; ');
			assert.equal((await ask(`${url}api/contents`, {cookie})).status, 200);
			assert.equal((await person.runGpubox(['stop', box.name])).code, 0);
			assert.deepEqual((await up(person)).jupyter, box.jupyter);
			assert.equal((await ask(`${url}api/contents`, {cookie})).status, 200);
			assert.equal((await ask(`${url}api/contents`)).status, 403);
		});
	});
}

describe('a token that is none', () => {
	let person: Person;
	let box: BoxJson;
	let file: string;
	before(async () => {
		person = await makePerson(host);
		box = await up(person, '--image', host.images.jupyter);
		const state = join(person.environment.XDG_STATE_HOME ?? '', 'gpubox', 'boxes');
		const [folder = ''] = await readdir(state);
		file = join(state, folder, 'token');
	});
	after(() => removeAll(person));

	const good = 'abcdefghijklmnopqrstuvwxyz_-0123';
	for (const [what, content] of [
		['an empty one', ''],
		['31 characters', good.slice(1)],
		['one with a line break', `${good}\n`],
		['3 MiB of noise', randomBytes(3 * 1024 ** 2)],
	] as const) {
		test(`${what}: Jupyter does not start with it, and gpubox start writes a new one`, async () => {
			assert.equal((await person.runGpubox(['stop', box.name])).code, 0);
			await writeFile(file, content);
			// Past gpubox: nothing but the box itself is left to refuse.
			await docker.getContainer(box.id).start();
			assert.equal(((await docker.getContainer(box.id).wait()) as {StatusCode: number}).StatusCode, 1);
			assert.match(await wholeLog(box.id), /gpubox: Jupyter is not started: its token is not at least 32 letters/);

			const started = await person.runGpubox(['start', box.name]);
			assert.equal(started.code, 0);
			assert.equal(
				started.stderr,
				`gpubox: The token of ${box.name} was damaged and has been replaced: gpubox open ${box.name}\n`,
			);
			const token = await readFile(file, 'utf8');
			assert.match(token, /^[\w-]{32}$/);
			const info = await stat(file);
			assert.deepEqual([info.mode & 0o777, info.uid], [0o600, person.uid]);
			const url = (await person.runGpubox(['open', '--print', box.name])).stdout.trim();
			const path = createHmac('sha256', token).update('gpubox jupyter path').digest('base64url').slice(0, 8);
			assert.equal(new URL(url).pathname, `/${path}/`);
			await waitUntil('Jupyter', async () => (await ask(url).catch(() => undefined))?.status === 302);
			assert.equal((await ask(new URL('api/contents', url).href)).status, 403);
		});
	}

	test('up writes a new one as well, and says so when the box runs with the old', async () => {
		await writeFile(file, '');
		const running = await person.runGpubox(['up']);
		assert.equal(running.code, 0, running.stderr);
		assert.match(running.stderr, /The token file of .* is damaged\. To create a new token: gpubox stop /);
		assert.doesNotMatch(running.stdout, /\?token=/);
		// Without its token Jupyter cannot be asked for kernels that compute.
		const refused = await person.runGpubox(['stop', box.name]);
		assert.equal(refused.code, 1);
		assert.match(refused.stderr, /its kernels/);
		assert.equal((await person.runGpubox(['stop', '--yes', box.name])).code, 0);
		const {stdout, stderr, code} = await person.runGpubox(['up']);
		assert.equal(code, 0, stderr);
		assert.match(stderr, /The token of .* was damaged and has been replaced/);
		assert.match(stdout, /\?token=[\w-]{32}\n/);
	});
});
