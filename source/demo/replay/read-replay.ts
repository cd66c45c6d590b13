import {resolve} from 'node:path';
import {exitCode, Failure} from '../../base/failure.ts';
import {readSmallFile} from '../../base/small-file.ts';
import {mostRecordingBytes, NoRecording, type Recording, readRecording} from '../../gpu/history/recording.ts';
import {safeText} from '../../text/safe.ts';
import {ScenarioError} from '../parse-scenario.ts';
import {scenarioOf} from './replay-scenario.ts';

/** A recording, and its machine as a scenario. */
export type ReadReplay = {recording: Recording; machine: ReturnType<typeof scenarioOf>};

/** The recording in a file of the user. @throws Failure (usage) when it cannot be read, is none, or a newer version wrote it */
export function readReplay(file: string): ReadReplay {
	const fail = (reason: string, fix: string, cause: unknown): never => {
		throw new Failure(`Cannot replay ${safeText(file)}: ${safeText(reason)}.`, {fix, exitCode: exitCode.usage, cause});
	};

	let text: string;
	try {
		text = readSmallFile(resolve(file), {maxBytes: mostRecordingBytes}).toString('utf8');
	} catch (error) {
		const {code, message} = error as NodeJS.ErrnoException;
		return fail(code === 'ENOENT' ? 'there is no such file' : message, 'Make a recording: gpubox record FILE', error);
	}

	try {
		const recording = readRecording(text);
		return {recording, machine: scenarioOf(recording)};
	} catch (error) {
		if (error instanceof ScenarioError) {
			return fail('its GPUs cannot be those of one machine', 'Make a recording: gpubox record FILE', error);
		}

		if (error instanceof NoRecording) {
			return fail(error.message, error.newer ? 'Update gpubox.' : 'Make a recording: gpubox record FILE', error);
		}

		throw error;
	}
}
