/**
NVIDIA_REQUIRE_CUDA, the check that an image makes NVIDIA's start-up hook do: a space is OR, a comma is AND, e.g.
`cuda>=12.8 brand=tesla,driver>=535,driver<536`. Source: NVIDIA/nvidia-container-toolkit v1.20.0; on the CDI path the
check is not made.
*/

import {compareVersions, parseVersion, type Version} from '../../text/compare-versions.ts';
import type {GpuClass} from '../image.ts';

type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=';
type Condition =
	| {field: 'cuda' | 'driver' | 'arch'; operator: Operator; version: Version}
	| {field: 'brand'; operator: '=' | '!='; brand: string};

/** Alternatives, each a list of conditions that must all hold. */
export type Requirement = ReadonlyArray<readonly Condition[]>;

/** What of a host the check looks at. A field that is missing is not known. */
export type RequirementFacts = {
	cuda?: Version | undefined;
	driver?: Version | undefined;
	/** Compute capability. */
	arch?: Version | undefined;
	class: GpuClass | null;
};

/**
`accepted` and `refused` are what the hook will say. `not-listed`: it refuses this driver, but accepts an older one of
the same card, since NVIDIA lists single driver branches. `unknown` where a fact is missing.
*/
export type RequirementAnswer = 'accepted' | 'not-listed' | 'refused' | 'unknown';

const conditionPattern = /^(cuda|driver|arch|brand)(!=|<=|>=|=|<|>)([\w.*-]{1,40})$/;

function parseCondition(text: string): Condition | undefined {
	const [, field, operator, value = ''] = conditionPattern.exec(text) ?? [];
	if (field === 'brand') {
		return operator === '=' || operator === '!=' ? {field, operator, brand: value} : undefined;
	}

	const version = parseVersion(value);
	return version && (field === 'cuda' || field === 'driver' || field === 'arch')
		? {field, operator: operator as Operator, version}
		: undefined;
}

/** The images of a catalogue repeat the same few dozen conditions. */
const parsed = new Map<string, Condition | undefined>();
const mostParsed = 1000;

function conditionOf(text: string): Condition | undefined {
	if (!parsed.has(text)) {
		if (parsed.size >= mostParsed) {
			parsed.clear();
		}

		parsed.set(text, parseCondition(text));
	}

	return parsed.get(text);
}

/** Undefined when anything of it is not understood: then nothing is claimed about it. */
export function parseRequirement(text: string): Requirement | undefined {
	if (text.length > 20_000) {
		return undefined;
	}

	const alternatives = text
		.trim()
		.replace(/^["']|["']$/g, '')
		.split(/\s+/)
		.filter((alternative) => alternative !== '')
		.map((alternative) => alternative.split(',').map(conditionOf));
	const understood = alternatives.every((conditions) => conditions.every((condition) => condition !== undefined));
	return understood && alternatives.length > 0 ? (alternatives as Condition[][]) : undefined;
}

// NVML's brand names for each product line. Which of its line's names a single card reports is not known by name alone;
// in every list seen they stand side by side.
const brandsOf: Record<GpuClass, readonly string[]> = {
	datacentre: ['tesla', 'nvidia'],
	workstation: ['quadro', 'quadrortx', 'nvidiartx', 'nvidia'],
	geforce: ['geforce', 'geforcertx'],
	titan: ['titan', 'titanrtx'],
	jetson: [],
};

function compare(a: Version, operator: Operator, b: Version): boolean {
	const order = compareVersions(a, b);
	switch (operator) {
		case '=':
			return order === 0;
		case '!=':
			return order !== 0;
		case '<':
			return order < 0;
		case '<=':
			return order <= 0;
		case '>':
			return order > 0;
		case '>=':
			return order >= 0;
	}
}

/** Whether some driver not newer than this one would do: what a condition asks, without its upper end. */
function compareRelaxed(a: Version, operator: Operator, b: Version): boolean {
	return operator === '='
		? compareVersions(a, b) >= 0
		: operator === '>' || operator === '>='
			? compare(a, operator, b)
			: true;
}

type Holds = boolean | undefined;

function holds(condition: Condition, facts: RequirementFacts, relaxed: boolean): Holds {
	if (condition.field === 'brand') {
		if (facts.class === null || facts.class === 'jetson') {
			return undefined;
		}

		const same = condition.brand === '*' || brandsOf[facts.class].includes(condition.brand);
		return condition.operator === '=' ? same : !same;
	}

	const value = facts[condition.field];
	if (value === undefined) {
		return undefined;
	}

	return relaxed && condition.field !== 'arch'
		? compareRelaxed(value, condition.operator, condition.version)
		: compare(value, condition.operator, condition.version);
}

function evaluate(requirement: Requirement, facts: RequirementFacts, relaxed: boolean): Holds {
	let answer: Holds = false;
	for (const conditions of requirement) {
		let all: Holds = true;
		for (const condition of conditions) {
			const one = holds(condition, facts, relaxed);
			if (one === false) {
				all = false;
				break;
			}

			if (one === undefined) {
				all = undefined;
			}
		}

		if (all === true) {
			return true;
		}

		if (all === undefined) {
			answer = undefined;
		}
	}

	return answer;
}

/** What the hook says to this host; never throws. */
export function checkRequirement(requirement: Requirement, facts: RequirementFacts): RequirementAnswer {
	const exact = evaluate(requirement, facts, false);
	if (exact !== false) {
		return exact === true ? 'accepted' : 'unknown';
	}

	const relaxed = evaluate(requirement, facts, true);
	return relaxed === false ? 'refused' : relaxed === true ? 'not-listed' : 'unknown';
}
