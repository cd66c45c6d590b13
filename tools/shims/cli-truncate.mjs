/** Stands in for cli-truncate in the bundle: the real one is loaded with the first text that it has to cut. */
let real;

export default function cliTruncate(...call) {
	// biome-ignore lint/suspicious/noAssignInExpressions: loaded once
	return (real ??= require('real-cli-truncate').default)(...call);
}
