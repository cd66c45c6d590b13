import {Failure} from '../../base/failure.ts';
import {makeRequest} from '../../box/plan/request.ts';
import type {Host} from '../../host/host.ts';
import {toSettings} from '../../settings/merge.ts';
import {readSettings} from '../../settings/read.ts';
import {asksOf, keepAnswer} from '../consent.ts';

/**
Saves a yes to a gpubox.yaml that was just written from the user's own answers. What needs a question of its own (such as a whole
home as data) is still asked.

@param folder of the file, absolute, links resolved
@param text of the file
*/
export async function agreeToOwnAnswers(host: Host, folder: string, text: string): Promise<void> {
	try {
		const {settings: winners} = readSettings(text, {place: 'gpubox.yaml', shownAs: 'gpubox.yaml', base: folder});
		const request = makeRequest({}, {project: folder, winners, settings: toSettings(winners)});
		const asks = asksOf(host, {winners}, request, undefined).filter(({alone}) => !alone);
		if (asks.length > 0) {
			await keepAnswer(host, folder, asks);
		}
	} catch (error) {
		// Then `up` asks, and reports what is wrong.
		if (!(error instanceof Failure)) {
			throw error;
		}
	}
}
