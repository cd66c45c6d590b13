import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {EngineError} from '../../source/engine/engine.ts';
import {explain, remedies} from '../../source/host/remedies.ts';
import {forRootlessEngine, isOwnEngine} from '../../source/host/rootless-words.ts';

describe('remedies for an engine that the user runs', () => {
	for (const [of, own] of [
		['Start it: sudo systemctl start docker. To', 'Start it: systemctl --user start docker. To'],
		['sudo systemctl enable --now docker', 'systemctl --user enable --now docker'],
		[
			'sudo systemctl daemon-reload && sudo systemctl restart docker',
			'systemctl --user daemon-reload && systemctl --user restart docker',
		],
		['Set it in /etc/docker/daemon.json', 'Set it in ~/.config/docker/daemon.json'],
		[
			'sudo nvidia-ctk runtime configure --runtime=docker --cdi.enabled',
			'nvidia-ctk runtime configure --runtime=docker --config="$HOME/.config/docker/daemon.json" --cdi.enabled',
		],
		// Of the host, whoever runs the engine.
		['sudo systemctl enable --now nvidia-fabricmanager', 'sudo systemctl enable --now nvidia-fabricmanager'],
	] as const) {
		test(of, () => assert.equal(forRootlessEngine(of), own));
	}

	test('none still restarts the engine of the host', () => {
		for (const {fix, commands = []} of remedies) {
			for (const text of [fix, ...commands]) {
				assert.doesNotMatch(forRootlessEngine(text), /sudo systemctl \S+( --now)? docker\b|\/etc\/docker\//);
			}
		}
	});
});

test('the engine of a user is told by its socket', () => {
	assert.ok(isOwnEngine('unix:///run/user/1000/docker.sock'));
	assert.ok(isOwnEngine('unix:///var/run/user/1000/podman/podman.sock'));
	assert.ok(!isOwnEngine('unix:///run/docker.sock'));
	assert.ok(!isOwnEngine('tcp://10.0.0.2:2376'));
	const gone = new EngineError('unreachable', 'connect ENOENT');
	assert.match(explain(gone, 'unix:///run/user/1000/docker.sock').fix, /^Start it: systemctl --user start docker\./);
	assert.match(explain(gone, 'unix:///run/docker.sock').fix, /^Start it: sudo systemctl start docker\./);
});
