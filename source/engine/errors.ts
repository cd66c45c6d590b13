import {cutText} from '../text/layout/cut.ts';
import {safeText} from '../text/safe.ts';
import {EngineError, type EngineErrorCode} from './engine.ts';
import {reasonLength} from './limits.ts';
import {ownWords, withoutNesting} from './own-words.ts';

/**
Texts by which the engine says that it cannot hand out GPUs: its own driver selection, CDI, and what the NVIDIA runtime
hook reports through runc. The wrapper around them changes between runc versions, so only the inner part is matched.
*/
const gpuRefusal =
	/could not select device driver|failed to discover GPU vendor|AMD CDI spec not found|CDI device injection failed|unresolvable CDI devices|nvidia-container-cli|unsatisfied condition: cuda|unknown or invalid runtime name: nvidia/i;

/** Turns what Node's sockets and its HTTP parser threw into an EngineError. */
export function toEngineError(error: unknown): EngineError {
	if (error instanceof EngineError) {
		return error;
	}

	const {code, name} = (error ?? {}) as {code?: unknown; name?: unknown};
	const message = foreignReason(error instanceof Error ? error.message : String(error));
	if (name === 'AbortError' || code === 'ABORT_ERR') {
		return new EngineError('aborted', 'Interrupted.', {cause: error});
	}

	if (code === 'EACCES' || code === 'EPERM') {
		return new EngineError('no-permission', message, {cause: error});
	}

	if (typeof code !== 'string') {
		return new EngineError('failed', message, {cause: error});
	}

	if (/^(ECONN|ENOENT|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|EPIPE|ERR_STREAM_PREMATURE_CLOSE)/.test(code)) {
		return new EngineError('unreachable', message, {cause: error});
	}

	// Whatever answers there does not speak HTTP, or not as the API does.
	return new EngineError(/^(HPE_|ERR_HTTP)/.test(code) ? 'not-an-engine' : 'failed', message, {cause: error});
}

/** The engine's refusal, from its status and its reason. */
export function refusal(reason: string, status?: number): EngineError {
	return new EngineError(codeOfReason(reason, status), foreignReason(withoutNesting(reason)), {
		status,
		words: foreignReason(ownWords(reason)),
	});
}

/** A foreign text on one line, cut, safe to print. */
export function foreignReason(text: string): string {
	return cutText(safeText(text), reasonLength);
}

/** What an error text of the engine means; also for texts inside a build or pull stream, which have no status. */
export function codeOfReason(message: string, status?: number): EngineErrorCode {
	if (gpuRefusal.test(message)) {
		return 'no-gpu';
	}

	// The engine does not see that there was no room for a layer's `work/work`, only that it is not there to be given away.
	if (/no space left on device|disk quota exceeded|\bchown \/\S+\/work: no such file or directory/i.test(message)) {
		return 'disk-full';
	}

	if (/port is already allocated|address already in use/i.test(message)) {
		return 'port-taken';
	}

	if (status === 409 && /is already in use by container/i.test(message)) {
		return 'name-taken';
	}

	// Who renames as another did a moment ago comes too late for the name, too.
	if (/renaming a container with the same name as its current name/i.test(message)) {
		return 'name-taken';
	}

	if (status === 404 || /manifest unknown|manifest for \S+ not found/i.test(message)) {
		return 'not-found';
	}

	return status === 409 ? 'conflict' : 'failed';
}

/** Whether the container asked about is gone, or is being removed at this moment. */
export function isContainerGone({code, message}: EngineError): boolean {
	return (
		(code === 'not-found' && /no such container/i.test(message)) ||
		/marked for removal|removal of container .* in progress/i.test(message)
	);
}

/** Whether it does not run, where only a running one can be asked. */
export function isContainerStopped({code, message}: EngineError): boolean {
	return code === 'conflict' && /^container \S+ is not running/i.test(message);
}
