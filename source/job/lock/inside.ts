/** What is inside an image or a box: Python, PyTorch and every package, with where each comes from. */
import {randomUUID} from 'node:crypto';
import * as v from 'valibot';
import {Failure} from '../../base/failure.ts';
import {readTemplate} from '../../base/templates.ts';
import type {Engine} from '../../engine/engine.ts';
import {execOnce, onceSpec, type RunOnceResult, runOnce} from '../../engine/run-once.ts';
import {safeText} from '../../text/safe.ts';
import {pythonCommand} from '../python.ts';
import type {LockedInside} from './lock.ts';

/** A Python package as it would be imported. Foreign text made safe. */
export type Distribution = {
	name: string;
	version: string;
	/** A hash of its files; null where its installer kept no list of them. */
	record: string | null;
	/** The folder that it is in. */
	path: string;
	/** Whose folder that is: the image's, the user's own packages (`pip install --user`), or one of PYTHONPATH. */
	from: 'image' | 'user' | 'pythonpath';
	/** Its modules: names in that folder. */
	tops: string[];
	/** The same package further down the path, which is not imported. */
	shadows: Array<{version: string; path: string}>;
};

export type Inside = LockedInside & {
	/** Why PyTorch cannot be loaded although it is there. */
	problem: string | null;
	distributions: Distribution[];
	/** Versions of those packages of the distribution that were asked about and are installed. */
	apt: Record<string, string>;
	/** Variables that decide which code runs, or how. */
	environment: Record<string, string>;
};

const text = v.pipe(v.string(), v.transform(safeText));
const answer = v.object({
	kind: v.literal('inside'),
	python: text,
	glibc: v.nullable(text),
	torch: v.nullable(text),
	cuda: v.nullable(text),
	cudnn: v.nullable(text),
	nccl: v.nullable(text),
	archs: v.array(text),
	problem: v.optional(text),
	distributions: v.array(
		v.object({
			name: text,
			version: text,
			record: v.nullable(text),
			path: text,
			from: v.picklist(['image', 'user', 'pythonpath']),
			tops: v.array(text),
			shadows: v.array(v.object({version: text, path: text})),
		}),
	),
	apt: v.record(text, text),
	environment: v.record(text, text),
});

/**
Runs in a container of its own, without network and GPU.

@param apt names of the distribution's packages to look up
@throws Failure, EngineError, or the reason of the signal
*/
export async function readInsideImage(
	engine: Engine,
	image: string,
	apt: readonly string[],
	signal: AbortSignal,
): Promise<Inside> {
	const spec = onceSpec(`gpubox-lock-${randomUUID().slice(0, 8)}`, image, command(apt), {
		uuids: [],
		mechanism: 'gpu',
	});
	// What an image sets here would give it every card.
	spec.environment = {...spec.environment, NVIDIA_VISIBLE_DEVICES: 'void', PYTHONNOUSERSITE: '1'};
	return readAnswer(await runOnce(engine, spec, signal), image);
}

/** As above, in a running box, as its user. @param name of the box, for messages */
export async function readInsideBox(
	engine: Engine,
	box: {id: string; name: string},
	apt: readonly string[],
	signal: AbortSignal,
): Promise<Inside> {
	return readAnswer(await execOnce(engine, box.id, command(apt), signal), box.name);
}

function command(apt: readonly string[]): [string, ...string[]] {
	return pythonCommand(readTemplate('job/inside.py'), apt);
}

function readAnswer({exitCode, stdout, stderr}: RunOnceResult, name: string): Inside {
	for (const line of stdout.split('\n')) {
		const found = readLine(line);
		if (found) {
			return found;
		}
	}

	if (exitCode === 127) {
		throw new Failure(`${name} has no Python, so there is nothing in it to lock.`, {
			fix: 'Choose an image with Python: gpubox images',
		});
	}

	const last = stderr.trim().split('\n').at(-1) ?? '';
	throw new Failure(
		`The packages of ${name} cannot be read: Python ended with exit code ${exitCode}${last === '' ? '' : `: ${last}`}`,
		{fix: whatToDo(exitCode, last)},
	);
}

function whatToDo(exitCode: number, last: string): string {
	if (exitCode === 137 || exitCode === 143) {
		return 'It was killed: what it ran in was stopped in the meantime, or needs more memory. Try again, or raise --memory.';
	}

	return /^(?:Syntax|Import|ModuleNotFound|Attribute|Name)Error\b/.test(last)
		? 'Python 3.8 or newer is needed.'
		: 'Check that python3 runs there.';
}

function readLine(line: string): Inside | undefined {
	let value: unknown;
	try {
		value = JSON.parse(line);
	} catch {
		// The image's own start-up messages.
		return undefined;
	}

	const parsed = v.safeParse(answer, value);
	if (!parsed.success) {
		return undefined;
	}

	const {kind: _, problem = null, ...inside} = parsed.output;
	return {...inside, problem};
}
