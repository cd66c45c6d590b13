/** A run on another host, as it is typed: `gpu2:alice-train-3`; `?` for the name before that host was asked. */
export function nameElsewhere({host, there}: {host: string; there: {name: string} | null}): string {
	return `${host}:${there?.name ?? '?'}`;
}
