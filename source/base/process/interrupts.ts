export type TakenSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/**
Who handles the signals that otherwise end a verb: one that passes them on to a job. SIGHUP also stands for output that cannot be written
any more.
*/
export const interrupts: {take?: ((signal: TakenSignal) => void) | undefined} = {};

/** For what finds that the terminal is gone: a read or a write may fail before the signal comes that tells it. */
export function loseTerminal(): void {
	process.emit('SIGHUP', 'SIGHUP');
}
