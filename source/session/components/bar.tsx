import {Text} from 'ink';
import {type Style, theme} from '../theme.ts';

/** How full something is, `share` from 0 to 1; thick where it is used, thin where it is not. Null is unknown. */
export function Bar({share, width, style}: {share: number | null; width: number; style: Style}) {
	if (share === null) {
		return <Text {...theme.quiet}>{'┄'.repeat(Math.max(0, width))}</Text>;
	}

	const used = Math.min(width, Math.max(share > 0.005 ? 1 : 0, Math.round(share * width)));
	return (
		<Text>
			<Text {...style}>{'━'.repeat(used)}</Text>
			<Text {...theme.quiet}>{'─'.repeat(Math.max(0, width - used))}</Text>
		</Text>
	);
}
