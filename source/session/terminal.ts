import type {SuspendTerminal} from 'ink';

const nextTurn = async () => new Promise<void>((resolve) => setImmediate(resolve));

/**
Hands the whole terminal to `use` and takes it back, whatever happens in there.

Ink's suspension restores the main screen and lets go of the keyboard, but Node goes on reading it: what is typed at once
would be lost, and a child that shares the terminal could fail the read with EIO. So reading is stopped here, one turn of
the event loop after Ink removed its listener and one before any other reader.
*/
export async function lendTerminal<T>(suspend: SuspendTerminal, use: () => Promise<T>): Promise<T> {
	let outcome: {value: T} | undefined;
	await suspend(async () => {
		await nextTurn();
		process.stdin.pause();
		await nextTurn();
		// Ctrl-C belongs to what has the terminal now.
		const ignore = () => {};
		process.on('SIGINT', ignore);
		try {
			outcome = {value: await use()};
		} finally {
			process.off('SIGINT', ignore);
			process.stdin.pause();
			if (process.stdin.isTTY) {
				process.stdin.setRawMode(false);
			}

			await nextTurn();
		}
	});

	if (outcome === undefined) {
		throw new Error('The terminal was taken back before it was used.');
	}

	return outcome.value;
}
