import {Failure} from '../../base/failure.ts';
import {makeRequest} from '../../box/plan/request.ts';
import type {Host} from '../../host/host.ts';
import {toSettings} from '../../settings/merge.ts';
import {readSettings} from '../../settings/read.ts';
import {asksOf, keepAnswer} from '../consent.ts';

/**
Keeps a yes to a gpubox.yaml that was just made of the person's own answers. What is asked about on its own (a whole home as data,
say) is asked all the same.

@param folder of the file, absolute, links resolved
@param text of the file
*/
export function agreeToOwnAnswers(host: Host, folder: string, text: string): void {
	try {
		const {settings: winners} = readSettings(text, {place: 'gpubox.yaml', shownAs: 'gpubox.yaml', base: folder});
		const request = makeRequest({}, {project: folder, winners, settings: toSettings(winners)});
		const asks = asksOf(host, {winners}, request, undefined).filter(({alone}) => !alone);
		if (asks.length > 0) {
			keepAnswer(host, folder, asks);
		}
	} catch (error) {
		// Then it is asked about: `up` tells what is wrong.
		if (!(error instanceof Failure)) {
			throw error;
		}
	}
}
