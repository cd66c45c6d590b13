import type {PortableJob} from './portable-job.ts';
import {toShell} from './shell.ts';

const compare = [
	'function older(a, b, x, y, i) { split(a, x, "."); split(b, y, ".");',
	'for (i = 1; i <= 3; i++) if (x[i] + 0 != y[i] + 0) return x[i] + 0 < y[i] + 0; return 0 }',
	'older($1, driver) { print "The driver " $1 " is older than " driver "."; bad = 1 }',
	'older($2, capability) { print "The compute capability " $2 " is below " capability "."; bad = 1 }',
	'END { if (NR == 0) { print "nvidia-smi shows no GPU."; bad = 1 } exit bad }',
].join(' ');

/** A line of shell that fails, and says why, where driver or GPU are older than the image needs; undefined when nothing is needed. */
export function floorCheck({gpus, floor}: PortableJob): string | undefined {
	return gpus === 0 || (floor.driver === undefined && floor.computeCapability === undefined)
		? undefined
		: `nvidia-smi --query-gpu=driver_version,compute_cap --format=csv,noheader | ${toShell([
				'awk',
				'-F',
				', *',
				'-v',
				`driver=${floor.driver ?? '0'}`,
				'-v',
				`capability=${floor.computeCapability ?? '0'}`,
				compare,
			])} >&2`;
}

/** A command that fails unless PyTorch can use as many GPUs as the job asks for; undefined without GPUs. */
export function gpuCheck({gpus}: PortableJob): string[] | undefined {
	const script = [
		'import torch',
		'found = torch.cuda.device_count()',
		`assert found >= ${gpus}, f"PyTorch sees {found} of ${gpus} GPUs"`,
		'for i in range(found):',
		'    a = torch.rand(1000, 1000, device=f"cuda:{i}")',
		'    assert torch.allclose((a @ a).cpu(), a.cpu() @ a.cpu(), rtol=1e-2), f"GPU {i} computes wrongly"',
		'    print(torch.cuda.get_device_name(i), "works")',
	].join('\n');
	return gpus === 0 ? undefined : ['python3', '-c', script];
}
