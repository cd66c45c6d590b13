import {paint} from '../look/paint.ts';
import {type Style, theme} from '../theme.ts';

/** How full something is, `share` from 0 to 1; thick where it is used, thin where it is not. Null is unknown. */
export function bar(share: number | null, width: number, style: Style): string {
	if (share === null) {
		return paint('┄'.repeat(Math.max(0, width)), theme.quiet);
	}

	const used = Math.min(width, Math.max(share > 0.005 ? 1 : 0, Math.round(share * width)));
	return paint('━'.repeat(used), style) + paint('─'.repeat(Math.max(0, width - used)), theme.quiet);
}
