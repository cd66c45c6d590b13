import {type ExitCode, exitCode, Failure} from '../base/failure.ts';
import type {Host} from '../host/host.ts';
import type {Box} from './box.ts';
import {ownerText} from './list.ts';

/**
Whether the caller may run commands in a box through gpubox: only in their own, because anyone who enters a box can read its token, its
keys and its secrets. Root may enter all, since root can read everything.
*/
export function mayEnter({person}: Pick<Host, 'person'>, {mine}: Pick<Box, 'mine'>): boolean {
	return mine || person.uid === 0;
}

export function refuseToEnter(
	box: Pick<Box, 'name' | 'owner' | 'uid' | 'ownerIs'>,
	code: ExitCode = exitCode.failed,
): Failure {
	return new Failure(
		box.ownerIs === 'claimed'
			? `${box.name} claims to be yours, but this account did not create it.`
			: `Permission denied: ${box.name} belongs to ${ownerText(box)}.`,
		{fix: 'List your boxes: gpubox ls. Create one: gpubox up', exitCode: code},
	);
}
