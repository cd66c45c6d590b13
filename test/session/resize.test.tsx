import assert from 'node:assert/strict';
import {EventEmitter} from 'node:events';
import {type TestContext, test} from 'node:test';
import xterm from '@xterm/headless';
import {render as inkRender} from 'ink';
import type {ReactElement} from 'react';
import {App} from '../../source/session/app.tsx';
import {repaintOnResize} from '../../source/session/repaint.ts';
import {render} from '../_helpers/render.tsx';
import {randomFrom, seed} from '../_helpers/seed.ts';
import {showSession} from '../_helpers/session.tsx';

/** A terminal with a real model of its screen, that Ink draws on as the session does. */
class ModelledScreen extends EventEmitter {
	readonly isTTY = true;
	readonly terminal: InstanceType<typeof xterm.Terminal>;
	raw = '';
	#pending = 0;

	constructor(columns: number, rows: number) {
		super();
		this.terminal = new xterm.Terminal({cols: columns, rows, allowProposedApi: true});
	}

	get columns() {
		return this.terminal.cols;
	}

	get rows() {
		return this.terminal.rows;
	}

	write = (text: string, ...rest: unknown[]): boolean => {
		this.raw += text;
		this.#pending += 1;
		// The terminal driver turns a line feed into both.
		this.terminal.write(text.replaceAll(/\r?\n/g, '\r\n'), () => {
			this.#pending -= 1;
		});
		const written = rest.at(-1);
		if (typeof written === 'function') {
			written();
		}

		return true;
	};

	resize(columns: number, rows: number): void {
		this.terminal.resize(columns, rows);
		this.emit('resize');
	}

	get isQuiet(): boolean {
		return this.#pending === 0;
	}

	lines(): string[] {
		const {active} = this.terminal.buffer;
		return Array.from(
			{length: this.rows},
			(_, row) => active.getLine(active.viewportY + row)?.translateToString(true) ?? '',
		);
	}
}

const keyboard = Object.assign(new EventEmitter(), {
	isTTY: true,
	read: () => null,
	setEncoding() {},
	setRawMode() {},
	resume() {},
	pause() {},
	ref() {},
	unref() {},
});

function expectedAt(tree: ReactElement, size: {columns: number; rows: number}): string[] {
	const fresh = render(tree, size);
	const lines = fresh
		.frame()
		.split('\n')
		.map((line) => line.trimEnd());
	fresh.unmount();
	return Array.from({length: size.rows}, (_, row) => lines[row] ?? '');
}

async function settle(screen: ModelledScreen, tree: ReactElement, t: TestContext): Promise<void> {
	await t.waitFor(
		() => {
			assert.ok(screen.isQuiet);
			assert.deepEqual(screen.lines(), expectedAt(tree, {columns: screen.columns, rows: screen.rows}));
		},
		{timeout: 10_000, interval: 50},
	);
}

test('200 random resizes leave no stray cell', async (t) => {
	const shown = await showSession(t, {columns: 80, rows: 24});
	await shown.waitFor(/gpu_burn[\s\S]*following[\s\S]*ServerApp/);
	const tree = <App session={shown.session} />;
	const screen = new ModelledScreen(80, 24);
	const instance = inkRender(tree, {
		stdout: screen as unknown as NodeJS.WriteStream,
		stdin: keyboard as unknown as NodeJS.ReadStream,
		stderr: screen as unknown as NodeJS.WriteStream,
		alternateScreen: true,
		incrementalRendering: true,
		interactive: true,
		patchConsole: false,
		exitOnCtrlC: false,
		maxFps: 20,
	});
	t.after(
		repaintOnResize(screen as unknown as NodeJS.WriteStream, {
			clear: instance.clear,
			draw: () => instance.rerender(<App session={shown.session} />),
			isOurs: () => true,
		}).end,
	);
	const random = randomFrom(seed);
	for (let done = 0; done < 200; ) {
		for (let burst = 1 + random(20); burst > 0; burst -= 1) {
			screen.resize(36 + random(165), 8 + random(53));
			done += 1;
			if (random(5) === 0) {
				await new Promise((resolve) => setTimeout(resolve, random(60)));
			}
		}

		await settle(screen, tree, t);
	}

	instance.unmount();
	await instance.waitUntilExit();
	assert.equal(screen.raw.split('\u001B[?1049h').length, 2);
	assert.match(screen.raw, /\u001B\[\?1049l(?![\s\S]*\u001B\[\?1049h)/);
	assert.match(screen.raw, /\u001B\[\?25h(?![\s\S]*\u001B\[\?25l)/);
});
