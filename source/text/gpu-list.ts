const gpuName = /^(?:\d+|(?:GPU|MIG)-[\w/-]+)$/;

/**
A list of GPUs as `--gpus` takes it, from the ways of writing one elsewhere: docker's `device=3`, `"device=0,2"` and `count=2`,
Podman's `nvidia.com/gpu=0`, YAML's `[3]` and `['0', 'GPU-…']`. A list names GPUs also when there is only one. Other text is returned as it
is, without the spaces around it.
*/
export function plainGpuList(text: string): string {
	let inner = text.trim();
	while (/^(["']).*\1$/.test(inner)) {
		inner = inner.slice(1, -1).trim();
	}

	const [, devices] = /^device=(.+)$/.exec(inner) ?? /^\[(.*)\]$/.exec(inner) ?? [];
	if (devices !== undefined) {
		return namesFrom(devices.split(',')) ?? text.trim();
	}

	const [, count] = /^count=(-1|all|\d+)$/.exec(inner) ?? [];
	if (count !== undefined) {
		return count === '-1' ? 'all' : count;
	}

	const cdi = inner.split(',').map((name) => /^nvidia\.com\/gpu=(.+)$/.exec(name.trim())?.[1]);
	if (!cdi.every((name) => name !== undefined)) {
		return text.trim();
	}

	return cdi.includes('all') ? 'all' : (namesFrom(cdi) ?? text.trim());
}

/** With a trailing comma, which says that it is a GPU and not a count; undefined when one of them is not the name of a GPU. */
function namesFrom(names: readonly string[]): string | undefined {
	const plain = names.map((name) => name.trim().replace(/^(["'])(.*)\1$/, '$2')).filter((name) => name !== '');
	return plain.length > 0 && plain.every((name) => gpuName.test(name)) ? `${plain.join(',')},` : undefined;
}
