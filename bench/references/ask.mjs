/**
What the bare scripts share: an answer of the engine, and what nvidia-smi prints.

`node:http` is asked for by `process.getBuiltinModule` and not by `import`: an import reads every export to link it, and that of
`node:http` has a getter among them (`WebSocket`) that loads all of `fetch`. It nearly doubles the time of a script that never
calls it, and would make anything look quick that is held against it.
*/
const {request} = process.getBuiltinModule('node:http');
const socketPath = process.env.DOCKER_HOST.replace('unix://', '');

export function ask(path) {
	return new Promise((resolve, reject) => {
		request({socketPath, path}, (response) => {
			let body = '';
			response.setEncoding('utf8');
			response.on('data', (chunk) => {
				body += chunk;
			});
			response.on('end', () => resolve(JSON.parse(body)));
		})
			.on('error', reject)
			.end();
	});
}

export function nvidiaSmi(...words) {
	const {execFile} = process.getBuiltinModule('node:child_process');
	return new Promise((resolve, reject) => {
		execFile('nvidia-smi', words, (error, stdout) => (error ? reject(error) : resolve(stdout)));
	});
}
