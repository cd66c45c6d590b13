import assert from 'node:assert/strict';
import {test} from 'node:test';
import {hasDesktop} from '../../source/host/desktop.ts';

const cases: Array<[string, NodeJS.ProcessEnv, boolean]> = [
	['X11', {DISPLAY: ':0'}, true],
	['Wayland', {WAYLAND_DISPLAY: 'wayland-0'}, true],
	['WSL, where Windows has the screen', {WSL_DISTRO_NAME: 'Ubuntu'}, true],
	['a console', {}, false],
	['an empty DISPLAY', {DISPLAY: '', WAYLAND_DISPLAY: ''}, false],
	['SSH', {SSH_CONNECTION: '192.0.2.7 50312 192.0.2.1 22'}, false],
	['ssh -X', {DISPLAY: 'localhost:10.0', SSH_CONNECTION: '192.0.2.7 50312 192.0.2.1 22'}, false],
	['SSH to a desktop, in a shell that lost the connection', {DISPLAY: ':0', SSH_TTY: '/dev/pts/3'}, false],
	['SSH into WSL', {WSL_DISTRO_NAME: 'Ubuntu', SSH_CLIENT: '192.0.2.7 50312 22'}, false],
];

for (const [where, environment, expected] of cases) {
	test(`${where}: ${expected ? 'a browser is opened' : 'no browser is opened'}`, () => {
		assert.equal(hasDesktop(environment), expected);
	});
}
