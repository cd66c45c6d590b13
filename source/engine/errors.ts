import {safeText} from '../text/safe.ts';
import {EngineError, type EngineErrorCode} from './engine.ts';

/**
Texts by which the engine says that it cannot hand out GPUs: its own driver selection, CDI, and what the NVIDIA runtime
hook reports through runc. The wrapper around them changes between runc versions, so only the inner part is matched.
*/
const gpuRefusal =
	/could not select device driver|failed to discover GPU vendor|AMD CDI spec not found|CDI device injection failed|unresolvable CDI devices|nvidia-container-cli|unsatisfied condition: cuda|unknown or invalid runtime name: nvidia/i;

/** Turns what dockerode, Node's sockets or the engine threw into an EngineError. */
export function toEngineError(error: unknown): EngineError {
	if (error instanceof EngineError) {
		return error;
	}

	const {code, statusCode, name} = (error ?? {}) as {code?: string; statusCode?: number; name?: string};
	const message = engineReason(error);

	if (name === 'AbortError' || code === 'ABORT_ERR') {
		return new EngineError('aborted', 'Interrupted.', {cause: error});
	}

	if (code === 'EACCES' || code === 'EPERM') {
		return new EngineError('no-permission', message, {cause: error});
	}

	if (
		statusCode === undefined &&
		code !== undefined &&
		/^(ECONN|ENOENT|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|EPIPE)/.test(code)
	) {
		return new EngineError('unreachable', message, {cause: error});
	}

	return new EngineError(codeOfReason(message, statusCode), message, {status: statusCode, cause: error});
}

/** What an error text of the engine means; also for texts inside a build or pull stream, which have no status. */
export function codeOfReason(message: string, status?: number): EngineErrorCode {
	if (gpuRefusal.test(message)) {
		return 'no-gpu';
	}

	if (/no space left on device|disk quota exceeded/i.test(message)) {
		return 'disk-full';
	}

	if (/port is already allocated|address already in use/i.test(message)) {
		return 'port-taken';
	}

	if (status === 409 && /is already in use by container/i.test(message)) {
		return 'name-taken';
	}

	if (status === 404 || /manifest unknown|manifest for \S+ not found/i.test(message)) {
		return 'not-found';
	}

	return status === 409 ? 'conflict' : 'failed';
}

/** The engine's own words, without dockerode's "(HTTP code 409) unexpected - " around them. */
function engineReason(error: unknown): string {
	const json = (error as {json?: {message?: unknown}} | undefined)?.json;
	if (json && typeof json === 'object' && typeof json.message === 'string') {
		return safeText(json.message);
	}

	const message = error instanceof Error ? error.message : String(error);
	return safeText(message.replace(/^\(HTTP code \d+\) [^-]*- /, ''));
}
