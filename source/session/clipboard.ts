/** Copying by OSC 52: the terminal puts the text into the clipboard of the machine that it is on, also over ssh. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';

/** Terminals take at least so much: 100 000 bytes of base64 in xterm, 74 994 in some. */
const mostBytes = 74_994;

/** How far a copy got. `doubt`: why the terminal may not have taken it; undefined where it is known to take such a sequence. */
export type Copied = {sent: true; doubt: string | undefined} | {sent: false; reason: string};

/**
Sends a text to the clipboard of the terminal.

@param write of the terminal; a terminal that does not know the sequence ignores it
*/
export async function copyText(
	text: string,
	{
		environment,
		write,
		signal,
	}: {environment: NodeJS.ProcessEnv; write: (sequence: string) => void; signal: AbortSignal},
): Promise<Copied> {
	const payload = Buffer.from(text).toString('base64');
	if (payload.length > mostBytes) {
		return {sent: false, reason: 'It is too long for the clipboard of a terminal'};
	}

	if (environment.TMUX && (await loadTmuxBuffer(text, environment, signal))) {
		return {sent: true, doubt: doubtAbout(environment)};
	}

	write(wrapFor(environment, `\u001B]52;c;${payload}\u0007`));
	return {sent: true, doubt: doubtAbout(environment)};
}

/** The sequence as a multiplexer hands it on: tmux in one piece with every ESC doubled, screen in pieces that it has room for. */
export function wrapFor({TMUX, STY}: NodeJS.ProcessEnv, sequence: string): string {
	if (TMUX) {
		return `\u001BPtmux;${sequence.replaceAll('\u001B', '\u001B\u001B')}\u001B\\`;
	}

	return STY ? (sequence.match(/[\s\S]{1,252}/g) ?? []).map((piece) => `\u001BP${piece}\u001B\\`).join('') : sequence;
}

/** Why the terminal may not take it, by what it says about itself. */
export function doubtAbout({TERM, TERM_PROGRAM, VTE_VERSION, TMUX, STY}: NodeJS.ProcessEnv): string | undefined {
	if (TERM === 'linux') {
		return 'the Linux console has no clipboard';
	}

	if (TERM_PROGRAM === 'Apple_Terminal') {
		return 'Terminal of macOS does not take it';
	}

	// https://gitlab.gnome.org/GNOME/vte/-/issues/2495: since 0.76.
	if (VTE_VERSION !== undefined && Number(VTE_VERSION) < 7600) {
		return 'this version of the terminal does not take it';
	}

	if (TMUX) {
		return 'with tmux, set-clipboard must not be off';
	}

	return STY ? 'with screen, the terminal around it must take it' : 'the terminal must allow it (OSC 52)';
}

/**
tmux takes a text itself since 3.2 and hands it on in the way that its own terminal is known to take, whether programs in it may or not.

@returns false where it is older, or does not answer
*/
async function loadTmuxBuffer(text: string, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<boolean> {
	const child = spawn('tmux', ['load-buffer', '-w', '-'], {
		stdio: ['pipe', 'ignore', 'ignore'],
		env: environment,
		signal: AbortSignal.any([signal, AbortSignal.timeout(1000)]),
	});
	child.stdin.on('error', () => {
		// It ended without reading: its exit code tells.
	});
	child.stdin.end(text);
	try {
		const [code] = (await once(child, 'close')) as [number | null];
		return code === 0;
	} catch {
		return false;
	}
}
