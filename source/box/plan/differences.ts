/** What was asked of `up`, compared with the box that exists already. */

import type {Mount} from '../../engine/engine.ts';
import {toDockerBytes} from '../../text/bytes.ts';
import {safeText} from '../../text/safe.ts';
import {formatTime} from '../../text/time.ts';
import type {Box} from '../box.ts';
import {type GpuSelection, parseGpuSelection} from '../gpus/allocate.ts';
import type {BoxRequest} from './types.ts';

/** One option that the box does not have as asked. All are safe to print. */
export type Difference = {option: string; asked: string; has: string};

/** What the box was created from, as far as its record says so. Records of earlier versions do not. */
export type RecordedRequest = Partial<BoxRequest>;

const byDefault = 'the default';

/** Values of variables whose names say what they hold are not repeated. */
const isPrivate = (name: string) => /token|key|secret|pass|credential|auth/i.test(name);

/**
The options asked for that the box does not have, one by one. What was not asked for is no difference. Pure.

@param asked the settings of gpubox.yaml and the flags of this call, by key: `image`, `limits.memory`, `env.SEED`
@param recorded undefined when it is not known what the box was created from; then only what its labels say is compared
*/
export function differencesOf(
	request: BoxRequest,
	asked: ReadonlySet<string>,
	box: Box,
	recorded: RecordedRequest | undefined,
): Difference[] {
	const found: Difference[] = [];
	const compare = (option: string, wanted: string, has: string) => {
		if (wanted !== has) {
			found.push({option, asked: safeText(wanted), has: safeText(has)});
		}
	};
	const list = (values: readonly string[]) => (values.length === 0 ? 'none' : values.toSorted().join(', '));

	if (asked.has('image') && request.image !== undefined && request.image !== recorded?.image) {
		compare('image', request.image, box.image);
	}

	if (asked.has('services')) {
		compare('services', list(request.services), list(box.services));
	}

	if (asked.has('gpus') && !hasGpus(request.gpus, box, recorded)) {
		compare('gpus', request.gpus, box.gpus.length === 0 ? 'none' : box.gpus.join(','));
	}

	if (request.shareGpus) {
		compare('shareGpus', 'yes', box.shareGpus ? 'yes' : 'no');
	}

	if (request.sudo) {
		compare('sudo', 'yes', box.sudo ? 'yes' : 'no');
	}

	const [first] = box.services;
	const port = first && box.addresses[first]?.port;
	if (request.port !== undefined && port !== undefined) {
		compare('port', String(request.port), String(port));
	}

	const {secrets = []} = request;
	const missing = secrets.map(({name}) => name).filter((name) => !box.secrets.includes(name));
	if (missing.length > 0) {
		compare('secrets', list(missing), list(box.secrets));
	}

	if (request.lasts !== undefined) {
		const hours = `${Math.round(request.lasts / 360_000) / 10}h from now`;
		compare('for', hours, box.until === undefined ? 'no reservation' : `until ${formatTime(box.until)}`);
	}

	return recorded === undefined ? found : [...found, ...recordedDifferences(request, asked, recorded)];
}

/** Those that only the record tells. */
function recordedDifferences(request: BoxRequest, asked: ReadonlySet<string>, recorded: RecordedRequest): Difference[] {
	const found: Difference[] = [];
	const compare = (option: string, wanted: string | undefined, has: string | undefined) => {
		if (asked.has(option) && wanted !== undefined && wanted !== has) {
			found.push({option, asked: safeText(wanted), has: safeText(has ?? byDefault)});
		}
	};
	const size = (bytes: number | undefined) => (bytes === undefined ? undefined : toDockerBytes(bytes));
	const text = (value: number | undefined) => (value === undefined ? undefined : String(value));
	compare('bind', request.bind, recorded.bind);
	compare('limits.memory', size(request.memoryBytes), size(recorded.memoryBytes));
	compare('limits.cpus', text(request.cpus), text(recorded.cpus));
	compare('limits.shmSize', size(request.sharedMemoryBytes), size(recorded.sharedMemoryBytes));
	compare('limits.pids', text(request.pidsLimit), text(recorded.pidsLimit));
	compare('postCreate', request.postCreate, recorded.postCreate ?? 'none');
	for (const [name, value] of Object.entries(request.environment)) {
		const has = recorded.environment?.[name];
		const shown = (given: string | undefined) => (given === undefined ? 'not set' : isPrivate(name) ? '…' : given);
		if (value !== has) {
			found.push({option: `env.${name}`, asked: safeText(shown(value)), has: safeText(shown(has))});
		}
	}

	for (const mount of request.mounts) {
		const has = recorded.mounts?.find(({target}) => target === mount.target);
		if (has === undefined || mountText(has) !== mountText(mount)) {
			found.push({
				option: 'mounts',
				asked: safeText(mountText(mount)),
				has: has === undefined ? 'not mounted' : safeText(mountText(has)),
			});
		}
	}

	for (const kind of ['apt', 'pip'] as const) {
		const before = recorded.packages?.[kind] ?? [];
		const missing = (request.packages?.[kind] ?? []).filter((name) => !before.includes(name));
		if (missing.length > 0) {
			found.push({
				option: `packages.${kind}`,
				asked: safeText(missing.join(', ')),
				has: before.length === 0 ? 'none' : safeText(before.join(', ')),
			});
		}
	}

	return found;
}

/** Whether the box's GPUs are among what the request allows. */
function hasGpus(text: string, {gpus}: Pick<Box, 'gpus'>, recorded: RecordedRequest | undefined): boolean {
	const wanted: GpuSelection = parseGpuSelection(text);
	if (recorded?.gpus !== undefined && sameSelection(wanted, parseGpuSelection(recorded.gpus))) {
		return true;
	}

	switch (wanted.kind) {
		case 'none':
			return gpus.length === 0;
		case 'auto':
			return gpus.length > 0;
		case 'count':
			return gpus.length === wanted.count;
		case 'all':
			// A host may have got more since; only its record says that all were meant.
			return false;
		case 'exact':
			return wanted.names.length === gpus.length && wanted.names.every((name) => gpus.includes(name));
	}
}

function sameSelection(one: GpuSelection, other: GpuSelection): boolean {
	const key = (selection: GpuSelection) =>
		selection.kind === 'exact' ? selection.names.toSorted().join() : JSON.stringify(selection);
	return key(one) === key(other);
}

function mountText({source, target, readOnly}: Mount): string {
	return `${source ?? ''}:${target}${readOnly ? ':ro' : ''}`;
}

/** From the owner's own record. Undefined where it has none, or one that is damaged. */
export function toRecordedRequest(value: Record<string, unknown> | undefined): RecordedRequest | undefined {
	const isObject = (each: unknown) => typeof each === 'object' && each !== null;
	return value !== undefined &&
		isObject(value.environment) &&
		Array.isArray(value.mounts) &&
		typeof value.gpus === 'string'
		? (value as RecordedRequest)
		: undefined;
}
