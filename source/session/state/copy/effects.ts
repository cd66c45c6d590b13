import {copyText} from '../../clipboard.ts';
import type {Context} from '../context.ts';
import type {MenuView} from '../menu/menu.ts';
import type {CopyAbout} from './copy-about.ts';

/** Fills the open menu with what there is to copy, and later with what the engine has to be asked for. */
export function findCopies(context: Context, {about}: {about: CopyAbout}): void {
	const {host, store, fail} = context;
	let opened: MenuView | undefined;
	const fill = async (run?: string) => {
		const {copyChoices} = await import('./copy-choices.ts');
		const {title, items} = copyChoices(host, store.get().facts, about, run);
		// Closed meanwhile, it stays closed; and one that was opened since is about something else.
		store.changeNow((state) => {
			const {menu} = state.view;
			const isThis = menu !== undefined && (opened === undefined || menu.items === opened.items);
			opened = isThis ? {...menu, title, items} : opened;
			return isThis ? {...state, view: {...state.view, menu: opened}} : state;
		});
	};

	void fill()
		.then(async () => {
			const run = await findRunLine(context, about);
			if (run !== undefined) {
				await fill(run);
			}
		})
		.catch((error: unknown) => {
			// What there is without the engine is there.
			if (opened === undefined) {
				fail(error);
			}
		});
}

/** Only its owner is shown how a box was started. */
async function findRunLine({host, store, signal}: Context, about: CopyAbout): Promise<string | undefined> {
	const {boxes} = store.get().facts.box;
	const box = about.kind === 'box' ? boxes.find(({id}) => id === about.boxId) : undefined;
	if (box?.mine !== true) {
		return undefined;
	}

	const [detail, image, {runLine}] = await Promise.all([
		host.engine.inspectContainer(box.id, signal),
		host.engine.inspectImage(box.imageId, signal),
		import('../inspect/run-line.ts'),
	]);
	return detail?.spec && runLine(detail.spec, {imageEnvironment: image?.environment ?? {}});
}

/** Hands a text to the terminal's clipboard, and says how sure that is. */
export function copy(context: Context, {label, value}: {label: string; value: string}): void {
	const {say, fail, signal, terminal} = context;
	void terminal
		.then(({write}) => copyText(value, {environment: process.env, write, signal}))
		.then((copied) => {
			if (!copied.sent) {
				say('failure', copied.reason, 'Mark it with the mouse instead');
			} else {
				say('success', `Copied: ${label}`, copied.doubt === undefined ? '' : `If nothing arrived: ${copied.doubt}`);
			}
		})
		.catch(fail);
}
