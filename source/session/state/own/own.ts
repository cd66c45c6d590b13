/** What is the user's own in the session: keys and commands. */
import {safeText} from '../../../text/safe.ts';
import type {Binding} from '../keys/binding.ts';
import {keyFromSetting, taken, takenBy, withOwnKeys} from './key-table.ts';
import {type OwnCommand, type OwnFault, readOwnCommand} from './own-commands.ts';

/** As the settings have them. */
export type OwnSettings = {keys?: Readonly<Record<string, unknown>>; commands?: readonly unknown[]};

/** The key table of a session, and what was wrong with the settings. Pure. */
export function ownTable(
	standard: readonly Binding[],
	{keys = {}, commands = []}: OwnSettings,
): {bindings: readonly Binding[]; faults: OwnFault[]} {
	const {bindings, faults} = withOwnKeys(standard, keys);
	const table = [...bindings];
	for (const [place, entry] of commands.entries()) {
		const command = readOwnCommand(entry, place + 1);
		if ('message' in command) {
			faults.push(command);
			continue;
		}

		const binding = bindingFor(command, table);
		if ('message' in binding) {
			faults.push(binding);
			// The command is of use without its key.
			table.push({...bindingOf(command), keys: []});
		} else {
			table.push(binding);
		}
	}

	return {bindings: table, faults};
}

function bindingOf(command: OwnCommand): Binding {
	const label = command.confirm ? `${command.name} (asks)` : command.name;
	return {scope: 'own', keys: [], label, action: {type: 'own-command', command}};
}

function bindingFor(command: OwnCommand, table: readonly Binding[]): Binding | OwnFault {
	const binding = bindingOf(command);
	if (command.key === undefined) {
		return binding;
	}

	const where = `command "${command.name}"`;
	const key = keyFromSetting(command.key);
	if (key === undefined) {
		return {
			where,
			message: `${where}: "${safeText(command.key).slice(0, 20)}" is not a key that can be typed here.`,
			fix: 'A character such as V, or space, ctrl+r.',
		};
	}

	const by = takenBy(key, binding, table);
	return by === undefined ? {...binding, keys: [key]} : taken(where, key, by);
}

/** The faults as one message; undefined without any. */
export function faultMessage(faults: readonly OwnFault[]): {message: string; fix: string} | undefined {
	const [first, ...others] = faults;
	return (
		first && {message: first.message, fix: `${first.fix}${others.length === 0 ? '' : ` (and ${others.length} more)`}`}
	);
}
