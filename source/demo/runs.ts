import {thisProcess} from '../base/process/process-start.ts';
import {label} from '../box/box.ts';
import type {ContainerSpec} from '../engine/engine.ts';
import type {Paths} from '../host/host.ts';
import {createRecord, readRunRecord, writeRunRecord} from '../job/runs/record.ts';

type Place = Pick<Paths, 'state'>;

/** The user's own jobs have records, as on a real host, where a process follows each. */
export function recordRun(
	paths: Place,
	{image, command = [], labels}: ContainerSpec,
	{engine, startedAt}: {engine: string; startedAt: Date},
): void {
	const [name = '', project = ''] = [labels[label.name], labels[label.project]];
	createRecord(paths, {
		version: 1,
		name,
		engine,
		project,
		folder: `${project}/runs/${name}`,
		owner: labels[label.owner] ?? '',
		command,
		workingDirectory: '/workspace',
		createdAt: startedAt.toISOString(),
		follower: thisProcess(),
		image,
		gpus: [],
		driverVersion: null,
		processes: null,
		lockHash: null,
		git: null,
		variables: [],
		secrets: [],
		startedAt: startedAt.toISOString(),
		deadline: null,
		stopSeconds: 120,
		memoryBytes: null,
		artifacts: [],
		publish: null,
		use: [],
		logBytes: 0,
		stopped: null,
		ended: null,
	});
}

/** What the process that follows a run does at its end. */
export function endRun(paths: Place, name: string, {exitCode, at}: {exitCode: number; at: Date}): void {
	const run = readRunRecord(paths, name);
	if (run) {
		const ended = {known: true, at: at.toISOString(), exitCode, signal: null, reason: null};
		writeRunRecord(paths, {...run, ended});
	}
}
