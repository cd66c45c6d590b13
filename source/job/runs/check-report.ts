import {join} from 'node:path';
import {exitCode} from '../../base/failure.ts';
import {readSmallFile} from '../../base/small-file.ts';
import {type CheckResult, readCheck} from '../check.ts';
import type {Reason} from './reason.ts';
import type {RunRecord} from './record.ts';

/**
What the check before a run found (templates/job/check-first); undefined where none was asked for, or it has not ended.

@param run its folder is the job's to write in, so what is read there is its own word
*/
export function readCheckReport({
	check,
	folder,
	gpus,
}: Pick<RunRecord, 'check' | 'folder' | 'gpus'>): CheckResult | undefined {
	if (!check) {
		return undefined;
	}

	let text: string;
	try {
		text = readSmallFile(join(folder, 'check.jsonl'), {maxBytes: 1024 ** 2}).toString('utf8');
	} catch {
		// It was stopped before, or its disk is full.
		return undefined;
	}

	const code = /^\{"kind": "ended", "code": (\d{1,3})\}$/m.exec(text)?.[1];
	return readCheck({exitCode: Number(code ?? 0), stdout: text, stderr: ''}, gpus.length);
}

/** Why a run did not get as far as its command; undefined when it did. Pure. */
export function reasonOfCheck(code: number, check: CheckResult | undefined): Reason | undefined {
	const [problem] = check?.problems ?? [];
	return code !== exitCode.checkFailed || check === undefined || check.passed || problem === undefined
		? undefined
		: {text: `The test of its GPUs failed, so the command was not started: ${problem.message}`, fix: problem.fix};
}
