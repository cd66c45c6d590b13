import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {promisify} from 'node:util';
import {makeManifest} from '../../source/job/runs/manifest.ts';

// The script of docs/jobs.md, against the calls of MLflow's REST interface that it makes.

const root = mkdtempSync(join(tmpdir(), 'gpubox-mlflow-'));
after(() => rmSync(root, {recursive: true}));

const documented = /```python\n(# publish_mlflow\.py[\s\S]*?)```/.exec(readFileSync('docs/jobs.md', 'utf8'))?.[1] ?? '';

type Asked = {call: string; body: unknown};

/** What the server answers first, and once the experiment and the model exist. */
async function publish(exists: boolean): Promise<{asked: Asked[]; stdout: string}> {
	const asked: Asked[] = [];
	const refuse = (code: string) => ({status: code === 'RESOURCE_ALREADY_EXISTS' ? 400 : 404, body: {error_code: code}});
	const answers: Record<string, {status?: number; body: object}> = {
		'GET mlflow/experiments/get-by-name?experiment_name=my+project': exists
			? {body: {experiment: {experiment_id: '7'}}}
			: refuse('RESOURCE_DOES_NOT_EXIST'),
		'POST mlflow/experiments/create': {body: {experiment_id: '7'}},
		'POST mlflow/runs/create': {
			body: {run: {info: {run_id: 'r1', artifact_uri: 'mlflow-artifacts:/7/r1/artifacts'}}},
		},
		'POST mlflow/registered-models/create': exists ? refuse('RESOURCE_ALREADY_EXISTS') : {body: {}},
	};
	const server = createServer(async (request, response) => {
		const parts: Buffer[] = [];
		for await (const part of request) {
			parts.push(part as Buffer);
		}

		const call = `${request.method} ${(request.url ?? '').replace('/api/2.0/', '')}`;
		const text = Buffer.concat(parts).toString();
		asked.push({call, body: request.method === 'POST' ? JSON.parse(text) : text});
		const {status = 200, body} = answers[call] ?? {body: {}};
		response.writeHead(status, {'Content-Type': 'application/json'}).end(JSON.stringify(body));
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	try {
		const {port} = server.address() as AddressInfo;
		const env = {...process.env, MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}/`};
		const script = join(root, 'publish_mlflow.py');
		const {stdout} = await promisify(execFile)('python3', [script, join(root, 'runs/train-3'), 'llm'], {env});
		return {asked, stdout};
	} finally {
		server.close();
	}
}

test('the MLflow example of docs/jobs.md logs a run and registers its model', async () => {
	const folder = join(root, 'runs/train-3');
	mkdirSync(folder, {recursive: true});
	writeFileSync(join(root, 'publish_mlflow.py'), documented);
	writeFileSync(join(folder, 'model.pt'), 'weights');
	writeFileSync(join(folder, 'metrics.json'), '{"loss": 0.12}');
	const manifest = makeManifest(
		{
			version: 1,
			name: 'train-3',
			engine: 'unix:///run/docker.sock',
			project: '/home/alice/my project',
			folder,
			owner: 'alice',
			command: ['python', 'train.py'],
			workingDirectory: '/workspace',
			createdAt: '2026-01-01T00:00:00.000Z',
			image: 'pytorch:1',
			imageDigest: 'pytorch@sha256:1',
			gpus: [],
			driverVersion: null,
			processes: null,
			lockHash: null,
			git: {commit: 'abc', patch: null, untracked: []},
			variables: [],
			secrets: [],
			startedAt: '2026-01-01T00:00:01.000Z',
			deadline: null,
			stopSeconds: 120,
			memoryBytes: null,
			artifacts: [],
			publish: 'x',
			use: [],
			logBytes: 0,
			stopped: null,
			ended: {known: true, at: '2026-01-01T01:00:00.000Z', exitCode: 0, signal: null, reason: null},
		},
		undefined,
	);
	writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
	const {asked, stdout} = await publish(false);
	assert.equal(stdout, 'train-3 is run r1 of MLflow\n');
	const start = Date.parse('2026-01-01T00:00:01.000Z');
	const end = Date.parse('2026-01-01T01:00:00.000Z');
	const inOrder = [
		{call: 'GET mlflow/experiments/get-by-name?experiment_name=my+project', body: ''},
		{call: 'POST mlflow/experiments/create', body: {name: 'my project'}},
		{
			call: 'POST mlflow/runs/create',
			body: {
				experiment_id: '7',
				run_name: 'train-3',
				start_time: start,
				tags: [
					{key: 'gpubox.image', value: 'pytorch@sha256:1'},
					{key: 'mlflow.source.git.commit', value: 'abc'},
				],
			},
		},
		{
			call: 'POST mlflow/runs/log-batch',
			body: {
				run_id: 'r1',
				params: [{key: 'command', value: 'python train.py'}],
				metrics: [{key: 'loss', value: 0.12, timestamp: end, step: 0}],
			},
		},
		{call: 'PUT mlflow-artifacts/artifacts/7/r1/artifacts/manifest.json', body: JSON.stringify(manifest)},
		{call: 'PUT mlflow-artifacts/artifacts/7/r1/artifacts/model.pt', body: 'weights'},
		{call: 'POST mlflow/registered-models/create', body: {name: 'llm'}},
		{
			call: 'POST mlflow/model-versions/create',
			body: {name: 'llm', source: 'mlflow-artifacts:/7/r1/artifacts/model.pt', run_id: 'r1'},
		},
		{call: 'POST mlflow/runs/update', body: {run_id: 'r1', status: 'FINISHED', end_time: end}},
	];
	assert.deepEqual(asked, inOrder);
	// The next run finds both.
	assert.deepEqual(
		(await publish(true)).asked.map(({call}) => call),
		inOrder.map(({call}) => call).filter((call) => call !== 'POST mlflow/experiments/create'),
	);
});
