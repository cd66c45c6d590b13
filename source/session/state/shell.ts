import type {AttachResult} from '../../box/attach.ts';
import {lendTerminal} from '../terminal.ts';
import type {Context} from './context.ts';
import {withFacts} from './store.ts';

/**
Gives the terminal to a shell in a container, and takes it back when that ends or is detached.

@param open refuses by throwing before it takes the terminal
*/
export function lendToShell(
	context: Context,
	name: string,
	open: () => Promise<{greeting: string; run: () => Promise<AttachResult>}>,
): void {
	const {store, fail} = context;
	if (store.get().facts.lent) {
		return;
	}

	store.changeNow(withFacts(() => ({lent: true})));
	// Not a task, which the end of the session would wait for: only the user ends a shell.
	void enter(context, name, open)
		.catch(fail)
		.finally(() => {
			store.change(withFacts(() => ({lent: false})));
			store.release();
		});
}

async function enter(
	{store, terminal, say}: Context,
	name: string,
	open: Parameters<typeof lendToShell>[2],
): Promise<void> {
	const {greeting, run} = await open();
	const {suspend} = await terminal;
	store.hold();
	const {exitCode, detached} = await lendTerminal(suspend, async () => {
		process.stdout.write(`${greeting}\r\n`);
		const result = await run();
		if (result.detached) {
			// The shell's prompt stays on the main screen, in a line of its own.
			process.stdout.write('\r\n');
		}

		return result;
	});
	const how = detached ? ', where the shell is still running' : exitCode === 0 ? '' : ` (exit code ${exitCode})`;
	say(exitCode === 0 || detached ? 'success' : 'note', `Back from ${name}${how}`);
}
