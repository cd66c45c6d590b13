// The reference for `gpubox ls`: the least that Node can do to list the containers of a socket.
import {request} from 'node:http';

const socketPath = process.env.DOCKER_HOST.replace('unix://', '');
request({socketPath, path: '/containers/json?all=1'}, (response) => {
	let body = '';
	response.on('data', (chunk) => {
		body += chunk;
	});
	response.on('end', () => {
		for (const {Names, State, Image} of JSON.parse(body)) {
			process.stdout.write(`${Names[0]}\t${State}\t${Image}\n`);
		}
	});
}).end();
