import {changeOwnSetting} from '../../../app/own-settings.ts';
import {exitCode, Failure} from '../../../base/failure.ts';

/**
Sets a setting of the user's, or forgets it where `text` is undefined: for `gpubox config` and the session alike.

@throws Failure (usage) with what the setting takes; for a key of the session, with what has that key
*/
export async function changeSetting(key: string, text: string | undefined): Promise<void> {
	if (text !== undefined && key.startsWith('keys.')) {
		await checkKey(key.slice('keys.'.length), text);
	}

	await changeOwnSetting(key, text);
}

/** @throws Failure (usage) for a key of the session that cannot be what is wanted; with all keys of the user in mind */
async function checkKey(action: string, value: string): Promise<void> {
	// Of use for these settings only.
	const [{bindings}, {withOwnKeys}, {loadPersonalSettings}] = await Promise.all([
		import('../keymap.ts'),
		import('./key-table.ts'),
		import('../../../app/load-settings.ts'),
	]);
	const {keys = {}} = await loadPersonalSettings();
	const {[action]: _, ...others} = keys;
	// The last one is blamed where two want the same key.
	const fault = withOwnKeys(bindings, {...others, [action]: value}).faults.find(
		({where}) => where === `keys.${action}`,
	);
	if (fault !== undefined) {
		throw new Failure(fault.message, {fix: fault.fix, exitCode: exitCode.usage});
	}
}
