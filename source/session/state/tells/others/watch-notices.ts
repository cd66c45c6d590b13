import timers from 'node:timers/promises';
import {type Notice, noticeText, takeNotices} from '../../../../box/up/tell-owner.ts';
import type {Context} from '../../context.ts';
import type {Happening} from '../events.ts';

const everyMs = 10_000;

/**
Shows what others did to boxes of the user, or ask about them, as it comes. Taking a notice deletes its file, so a session that is read-only
leaves them to the next one.
*/
export async function followNotices(
	{host, store, signal, say, fail, happened}: Pick<Context, 'host' | 'store' | 'signal' | 'say' | 'fail' | 'happened'>,
	every = everyMs,
): Promise<void> {
	while (!signal.aborted && !host.demo && !store.get().facts.readOnly) {
		try {
			const notices = takeNotices(host);
			for (const notice of notices) {
				happened({...eventOf(notice), severity: 'note', text: noticeText(notice)});
			}

			if (notices.length > 0) {
				say('note', notices.map(noticeText).join(' '), 'A lists what happened; gpubox logs BOX shows what was before');
			}
		} catch (error) {
			fail(error);
		}

		await timers.setTimeout(every, undefined, {signal}).catch(() => {});
	}
}

function eventOf({what, box}: Notice): Pick<Happening, 'kind' | 'fix' | 'about'> {
	return what === 'asked'
		? {kind: 'owner-asked', fix: `s stops ${box}, f frees idle kernels`, about: {box}}
		: {kind: 'box-stopped', fix: `gpubox logs ${box} shows what was before`, about: {box}};
}
