const gpuName = /^(?:\d+|(?:GPU|MIG)-[\w/-]+)$/;

/**
A list of GPUs as `--gpus` takes it, from the ways of writing one elsewhere: docker's `device=3`, `"device=0,2"` and `count=2`,
Podman's `nvidia.com/gpu=0`, PyTorch's `cuda:0`, Slurm's `0-3`, YAML's `[3]` and `['0', 'GPU-…']`. A list names GPUs also when there is only one. Words are
the same in capitals. Other text is returned as it is, without the spaces around it.
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

	if (/^(?:all|auto|none)$/i.test(inner)) {
		return inner.toLowerCase();
	}

	const plain = plainNames(inner);
	if (plain !== undefined) {
		return namesFrom(plain) ?? text.trim();
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

/** A range has both ends: `0-3` is four GPUs. */
const mostInRange = 64;

/** `cuda:0,cuda:1`, `gpu0`, `0-3,6`; undefined where nothing is written in one of these ways. */
function plainNames(text: string): string[] | undefined {
	const parts = text.split(',').map((part) => part.trim());
	const names = parts.flatMap((part) => {
		const [, index, first, last = ''] = /^(?:(?:cuda:|gpu ?)(\d{1,4})|(\d{1,4})-(\d{1,4}))$/i.exec(part) ?? [];
		if (index !== undefined) {
			return [index];
		}

		const length = first === undefined ? 0 : Number(last) - Number(first) + 1;
		return length > 0 && length <= mostInRange
			? Array.from({length}, (_, place) => String(Number(first) + place))
			: [part];
	});
	return names.join() === parts.join() ? undefined : names;
}
