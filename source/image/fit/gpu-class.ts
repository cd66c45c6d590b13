import type {GpuClass} from '../image.ts';

const lines: ReadonlyArray<readonly [RegExp, GpuClass]> = [
	[/\bnvgpu\b|\b(?:Orin|Xavier|Thor)\b/, 'jetson'],
	[/\bTITAN\b/i, 'titan'],
	[/\bGeForce\b/, 'geforce'],
	[/\bServer Edition\b/, 'datacentre'],
	[/\bQuadro\b|\bRTX (?:A\d|PRO\b|\d+ .*Ada\b)|^(?:NVIDIA )?T\d{3,4}\b/, 'workstation'],
	// Tesla T4 and P100, A100, H200, L40S, B300, GB10, GH200 and the virtual GPUs cut from them (GRID T4-8C, A40-48Q).
	[/\bTesla\b|\bGRID\b|^(?:NVIDIA )?(?:[ABHLPVT]|GB|GH)\d{1,4}[A-Z]?\b/, 'datacentre'],
];

/**
NVIDIA's product line by the name the driver prints, null when the name tells nothing. It decides whether libraries of
a newer driver may be used (forward compatibility: data-centre cards, never GeForce or TITAN).
*/
export function gpuClass(name: string): GpuClass | null {
	return lines.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}
