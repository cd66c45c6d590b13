/** Ends the process, in words, on a Node that is too old: as package.json has it in `engines`, which is not read because it costs every start. */
export function refuseOldNode(): void {
	const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
	if (major < 22 || (major === 22 && minor < 12)) {
		process.stderr.write(
			`gpubox: It needs Node 22.12 or newer, and this is ${process.versions.node}.\n  → Install a newer one: https://nodejs.org\n`,
		);
		process.exit(1);
	}
}
