/** One sentence for each layer that a message passed: engine, containerd, its shim, runc. The words change between versions. */
const wrappers =
	/^(?:(?:error response from daemon|failed to create task for container|failed to create shim task|OCI runtime (?:create|exec) failed|runc create failed|unable to start container process|error during container init|container_linux\.go:\d+|starting container process caused|process_linux\.go:\d+|container init caused)(?:: ?| ))+/i;

/**
The last clause of what the program that failed said itself, without what engine, containerd and runc put around it. Of a hook that runc
ran it is the last line of its output, which tells the cause; everything above is how it went about it.

@param reason as the engine sent it, line breaks included
*/
export function ownWords(reason: string): string {
	const hook = /\bhook\b[^:]*:.*?\bstderr: ([\s\S]*)$/s.exec(reason)?.[1];
	// containerd ends with its own class of the error.
	const words = (hook ?? reason.replace(wrappers, '')).trim().replace(/(?:: unknown)+\.?$/, '');
	if (hook === undefined) {
		return words || reason;
	}

	const last =
		words
			.trim()
			.split(/[\r\n]+/)
			.at(-1)
			?.replace(/^Auto-detected mode as '\w+'\s*/, '') ?? '';
	const tool = last.lastIndexOf('nvidia-container-cli: ');
	return (tool > 0 ? last.slice(tool) : last) || reason;
}

/** The same message with the layers around a hook named once: what they add would push the hook's own words out of a text that is cut. */
export function withoutNesting(reason: string): string {
	return reason.replace(/^[\s\S]*?(?=error running (?:\w+ )?hook\b)/i, 'OCI runtime create failed: ');
}
