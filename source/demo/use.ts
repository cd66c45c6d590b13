import type {ContainerUse} from '../engine/engine.ts';
import type {DemoContainer} from './containers.ts';

/** What a container of the demo engine uses at a moment: near its average, and always the same for the same moment. */
export function measureAt({id, spec, use}: DemoContainer, now: Date): ContainerUse {
	const seconds = now.getTime() / 1000;
	const phase = Number.parseInt(id.slice(0, 6), 16);
	const swing = Math.sin(seconds / 7 + phase) * 0.08 + Math.sin(seconds * 1.7 + phase) * 0.04;
	const mebibyte = 1024 ** 2;
	// Traffic follows the work, never backwards.
	const bytesPerSecond = use.cpuPercent * 4000;
	const received = bytesPerSecond * ((seconds % 10_000_000) + Math.cos(seconds / 3 + phase));
	return {
		cpuPercent: Math.max(0, use.cpuPercent * (1 + swing)),
		memoryBytes: Math.round(use.memoryMiB * mebibyte * (1 + swing / 20)),
		memoryLimitBytes: spec.memoryBytes ?? 1024 ** 4,
		receivedBytes: Math.round(received),
		sentBytes: Math.round(received / 6),
		at: now.getTime(),
	};
}
