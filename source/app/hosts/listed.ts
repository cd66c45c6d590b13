/** Which machines are asked, and what is asked about the project that one stands in. */
import {exitCode, Failure} from '../../base/failure.ts';
import {homeFolder} from '../../base/home.ts';
import {findListedHost, isContext, localName} from '../../engine/address.ts';
import type {Lock} from '../../job/lock/lock.ts';
import {loadPersonalSettings, loadReadableSettings} from '../load-settings.ts';
import {readLockState} from '../lock/project-lock.ts';

export type HostQuestion = {names: string[]; lock: Lock | undefined};

/**
The machines of the settings, or those named, and the lock of the current folder's project.

@param onTrouble what is wrong with the project's files, which the question does without
@throws Failure (usage) where no machine is named anywhere
*/
export async function hostQuestion(
	given: readonly string[],
	onTrouble: (trouble: Failure) => void,
): Promise<HostQuestion> {
	const effective = await loadReadableSettings('.', {needs: 'personal', onTrouble});
	const names = given.length > 0 ? [...new Set(given)] : (effective.settings.hosts ?? []);
	if (names.length === 0) {
		throw new Failure('No hosts are set.', {
			fix: 'Set them, as ssh or docker contexts name them: gpubox config hosts local,gpu2',
			exitCode: exitCode.usage,
		});
	}

	return {names, lock: await readableLock(effective, onTrouble)};
}

async function readableLock(
	effective: Awaited<ReturnType<typeof loadReadableSettings>>,
	onTrouble: (trouble: Failure) => void,
): Promise<Lock | undefined> {
	try {
		const state = await readLockState(effective);
		return state.kind === 'current' || state.kind === 'stale' ? state.lock : undefined;
	} catch (error) {
		if (error instanceof Failure) {
			onTrouble(error);
			return undefined;
		}

		throw error;
	}
}

/**
The value of `--host`, where it is a name of the setting `hosts` that no Docker context has: then what it stands for. Any other value is
returned as it is.

@throws Failure (usage) for a personal config that cannot be read
*/
export async function resolveHost(given: string): Promise<string> {
	const home = homeFolder(process.env);
	if (given.includes('://') || given.includes('@') || isContext(process.env, home, given)) {
		return given;
	}

	const {hosts = []} = await loadPersonalSettings();
	return given === localName || hosts.includes(given) ? findListedHost(process.env, home, given) : given;
}
