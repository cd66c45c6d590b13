import type {DoctorAction} from '../../checks/doctor.ts';
import type {Binding} from '../binding.ts';
import {ends, steps} from '../walk-keys.ts';

/** The checks of this host. */
export const doctorKeys: Binding[] = [
	{scope: 'anywhere', keys: ['D'], label: 'Check this host (doctor)', action: doctor({what: 'open'})},
	{scope: 'doctor', keys: ['enter'], label: 'Run the fix (asks)', short: 'run fix', action: doctor({what: 'ask-fix'})},
	{scope: 'doctor', keys: ['n'], label: 'Next problem', short: 'next problem', action: doctor({what: 'problem'})},
	{scope: 'doctor', keys: ['y'], label: 'Copy the fix', short: 'copy fix', action: doctor({what: 'copy'})},
	{scope: 'doctor', keys: ['tab'], label: 'Another command of it', action: doctor({what: 'command'})},
	{scope: 'doctor', keys: ['r'], label: 'Make this check again', short: 'again', action: doctor({what: 'again'})},
	{scope: 'doctor', keys: ['R'], label: 'Make all checks again', action: doctor({what: 'all'})},
	{
		scope: 'doctor',
		keys: ['/'],
		label: 'Filter the checks',
		short: 'filter',
		action: {type: 'list', does: {type: 'filter', does: 'open'}},
	},
	...steps('doctor', choose, {labels: ['Check above', 'Check below']}),
	...ends('doctor', choose, ['First check', 'Last check']),
	{scope: 'doctor', keys: ['pagedown', 'space'], label: 'Its details: down', action: doctor({what: 'scroll', by: 3})},
	{scope: 'doctor', keys: ['pageup', 'b'], label: 'Its details: up', action: doctor({what: 'scroll', by: -3})},
	{
		scope: 'doctor',
		keys: ['escape'],
		label: 'Clear the filter, or back',
		short: 'back',
		action: {type: 'list', does: {type: 'leave-list'}},
	},
	{scope: 'doctor', keys: ['D'], label: 'Back', action: {type: 'back'}},
];

function choose(by: number): Binding['action'] {
	return doctor({what: 'choose', by});
}

function doctor(does: DoctorAction): Binding['action'] {
	return {type: 'doctor', does};
}
