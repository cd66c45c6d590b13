/** `GPU-5a6b12cd-…` → `5a6b12cd` */
export function shortUuid(uuid: string): string {
	return uuid.replace(/^GPU-([\da-f]{8}).*$/i, '$1');
}
