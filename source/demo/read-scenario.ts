import {existsSync} from 'node:fs';
import {resolve} from 'node:path';
import {readOwnFile} from '../base/bundled-file.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {templatePath} from '../base/templates.ts';
import {mostSimilar} from '../text/match/similar.ts';
import {safeText} from '../text/safe.ts';
import {parseScenario, ScenarioError} from './parse-scenario.ts';
import type {Scenario} from './scenario.ts';
import {scenarioNames} from './scenario-names.ts';

const described = 'docs/demo.md describes what a scenario may hold';

/**
The file of a scenario: a built-in one by its name, or the user's by its path.

@throws Failure (usage) when it is neither
*/
export function scenarioFile(given: string): string {
	const name = scenarioNames.find((each) => each === given);
	if (name !== undefined) {
		return templatePath(`scenarios/${name}.json`);
	}

	const file = resolve(given);
	if (existsSync(file)) {
		return file;
	}

	const similar = mostSimilar(given, scenarioNames);
	throw new Failure(`No scenario or file named ${safeText(given)}.`, {
		fix: similar === undefined ? `Built-in scenarios: ${scenarioNames.join(', ')}` : `Did you mean ${similar}?`,
		exitCode: exitCode.usage,
	});
}

/** @throws Failure (usage) that says where it is not a scenario */
export function readScenario(file: string): Scenario {
	const fail = (message: string, fix: string): never => {
		throw new Failure(safeText(`${file}: ${message}`), {fix, exitCode: exitCode.usage});
	};

	let text: string;
	try {
		text = readOwnFile(file);
	} catch (error) {
		return fail(`cannot read it: ${error instanceof Error ? error.message : error}`, described);
	}

	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch (error) {
		return fail(`invalid JSON: ${error instanceof Error ? error.message : error}`, described);
	}

	try {
		return parseScenario(json);
	} catch (error) {
		if (error instanceof ScenarioError) {
			return fail(error.message, described);
		}

		throw error;
	}
}
