import type {Recording} from '../../gpu/history/recording.ts';
import {parseScenario} from '../parse-scenario.ts';
import type {Scenario} from '../scenario.ts';

/**
The machine of a recording, as a scenario: its cards and no more, for whoever had them is known by the processes alone.
@throws ScenarioError where two cards of the recording cannot be on one machine
*/
export function scenarioOf({machine, cards}: Recording): {scenario: Scenario; text: string} {
	const isName = /^[a-z_][a-z0-9_-]{0,31}$/;
	const json = {
		about: 'A recording',
		driverVersion: machine?.driverVersion ?? '[N/A]',
		cudaVersion: machine?.cudaVersion ?? 'N/A',
		host: {name: machine?.host ?? ''},
		...(machine !== undefined && isName.test(machine.person) ? {person: machine.person} : {}),
		gpus: cards.map(({computeCapability, powerLimit, busId, name, ...card}) => ({
			...card,
			...(busId === null ? {} : {busId}),
			name: name === '' ? 'unknown GPU' : name,
			computeCapability: computeCapability ?? '[N/A]',
			power: {idle: 0, limit: powerLimit},
		})),
	};
	return {scenario: parseScenario(json), text: JSON.stringify(json)};
}
