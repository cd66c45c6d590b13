import {Failure} from '../../base/failure.ts';
import {readTemplate} from '../../base/templates.ts';
import {readFrames} from '../../engine/frames.ts';
import type {Host} from '../../host/host.ts';
import {safeText} from '../../text/safe.ts';
import type {Box} from '../box.ts';
import {asInBox} from '../in-box.ts';
import {linesOf} from '../logs.ts';
import {inside} from '../paths.ts';
import type {BoxRequest} from '../plan/types.ts';
import type {UpOptions} from './types.ts';

/** Written by templates/box/post-create once the command has succeeded. */
const doneFile = '/var/tmp/.gpubox-post-create';

/**
Runs the project's post-create command in a box in which it has not succeeded yet: as the box's user, in /workspace, with its output
reported line by line. When it fails the box is kept: everything else works, and the user needs the box to find out why.

@throws Failure with the end of the command's output
*/
export async function runPostCreate(
	host: Host,
	box: Box,
	{postCreate}: BoxRequest,
	{report, signal}: Pick<UpOptions, 'report' | 'signal'>,
): Promise<void> {
	if (postCreate === undefined || (await host.engine.fileExists(box.id, doneFile, signal))) {
		return;
	}

	report({kind: 'post-create', name: box.name, command: postCreate});
	const session = await host.engine.exec(box.id, {
		command: asInBox(['sh', '-c', readTemplate('box/post-create'), 'gpubox', postCreate]),
		workingDirectory: inside.project,
		tty: false,
		stdin: false,
	});
	const {stream} = session;
	const stop = () => stream.destroy();
	signal.addEventListener('abort', stop);
	const lastLines: string[] = [];
	try {
		for await (const {text} of linesOf(readFrames(stream))) {
			lastLines.push(text);
			lastLines.splice(0, lastLines.length - 200);
			report({kind: 'post-create', name: box.name, command: postCreate, line: text});
		}

		signal.throwIfAborted();
		const {exitCode: code} = await session.wait();
		if (code !== 0) {
			const {findBuildRemedy} = await import('../../host/remedies.ts');
			const known = findBuildRemedy(lastLines.join('\n'));
			const what = `The post-create command failed with exit code ${code}: ${safeText(postCreate)}`;
			const look = `The box is kept; to find the cause: gpubox attach ${box.name}. After a fix, gpubox up runs the command again.`;
			throw new Failure(known ? `${what}. ${known.meaning}` : what, {
				fix: known ? `${look} ${known.fix}` : look,
				details: lastLines.slice(-15),
			});
		}
	} catch (error) {
		signal.throwIfAborted();
		throw error;
	} finally {
		signal.removeEventListener('abort', stop);
	}
}
