import {type ExitCode, exitCode, Failure} from '../base/failure.ts';
import type {Host} from '../host/host.ts';
import type {Box} from './box.ts';
import {ownerText} from './list.ts';

/**
Whether the caller may run commands in a box through gpubox: in their own. Who can enter a box can read its token, its keys and its
secrets. Root may enter all, as root may read all.
*/
export function mayEnter({person}: Pick<Host, 'person'>, {mine}: Pick<Box, 'mine'>): boolean {
	return mine || person.uid === 0;
}

export function refuseToEnter(
	{person}: Pick<Host, 'person'>,
	box: Pick<Box, 'name' | 'owner' | 'mine'>,
	code: ExitCode = exitCode.failed,
): Failure {
	return new Failure(
		box.owner === person.name
			? `${box.name} claims to be yours, but gpubox did not make it from this account.`
			: `${box.name} belongs to ${ownerText(box, person.name)}, and whoever enters it can read its token and secrets.`,
		{fix: 'Your own boxes: gpubox ls. A new one: gpubox up', exitCode: code},
	);
}
