/** For broken.test.ts: the session, started and ended as by gpubox, with a child that throws while it is drawn once `?` was pressed. */
import {runSession} from '../../source/session/index.tsx';
import type {Tour} from '../../source/session/tour/index.tsx';
import {makeFeed, makeFrozenHost} from '../_helpers/demo.ts';

let pressed = false;
const tour: Tour = {
	first: {shown: true, step: 0, part: 0},
	leftWith: '',
	advance(state, _, happened) {
		pressed ||= happened?.action.type === 'help';
		return state;
	},
	entered() {},
	lines: () => 1,
	draw() {
		if (pressed) {
			throw new TypeError('what is drawn here is broken');
		}

		return null;
	},
};

const host = await makeFrozenHost();
process.exitCode = await runSession(host, {folder: '/', feed: makeFeed(), tour, readHost: host.readHost});
