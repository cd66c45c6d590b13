import {setTimeout as sleep} from 'node:timers/promises';

/**
Asks again and again until there is an answer other than `undefined` or `false`. For states of other programs that cannot be
listened to, such as a socket that does not exist yet. `what` completes the sentence "waited 30 seconds for …".
*/
export async function waitUntil<T>(
	what: string,
	ask: () => Promise<T | undefined | false> | T | undefined | false,
	{seconds = 30, everyMs = 50}: {seconds?: number; everyMs?: number} = {},
): Promise<T> {
	const end = performance.now() + seconds * 1000;
	for (;;) {
		const answer = await ask();
		if (answer !== undefined && answer !== false) {
			return answer;
		}

		if (performance.now() > end) {
			throw new Error(`Waited ${seconds} seconds for ${what}`);
		}

		await sleep(everyMs);
	}
}
