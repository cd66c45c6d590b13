/** What the tour tells and asks for, in its order. */

import type {ImageChoice} from '../../app/image-choices.ts';
import {type Box, isRunning} from '../../box/box.ts';
import {atWork, chosen, mineRunning, part, pressed, started} from './parts.ts';
import type {Ask, Now, Step} from './tour.ts';

const always = () => true;
const anyBox = ({facts}: Now) => facts.box.boxes.length > 0;
const lostCards = ({facts}: Now) => facts.gpu.readings.filter(({lost}) => lost);

/** The step before which a card is made to fail. */
export const lossStep = 'loss';

/** The card whose loss tells most: one that a single running box of somebody else holds. Its index, or undefined. */
export function cardToLose(now: Now): number | undefined {
	const {facts} = now;
	if (lostCards(now).length > 0) {
		return undefined;
	}

	const others = facts.box.boxes.filter((box) => isRunning(box) && !box.mine && box.gpus.length > 0);
	const box = others.find(({gpus, shareGpus}) => gpus.length === 1 && !shareGpus) ?? others[0];
	const {readings} = facts.gpu;
	return (readings.find(({uuid}) => box?.gpus.includes(uuid)) ?? readings.at(-1))?.index;
}

function holderOfLost(now: Now): Box | undefined {
	const [lost] = lostCards(now);
	return now.facts.box.boxes.find((box) => lost !== undefined && isRunning(box) && box.gpus.includes(lost.uuid));
}

/** The box of one's own with a notebook on a card that was there longest: in a new one nothing is idle yet. */
const withKernels = (now: Now): Box | undefined =>
	mineRunning(now).findLast(({services, gpus}) => services.includes('jupyter') && gpus.length > 0);

const pullable = ({fits, local}: ImageChoice) => fits === true && !local;

/** Leads to an image that fits and is not here yet, the nearest one below or else above. */
function askToPull({facts, view}: Now): Ask {
	const {choices} = facts.images;
	const {imageIndex} = view;
	const current = choices[imageIndex];
	if (current === undefined || !choices.some(pullable)) {
		return {wait: 'Wait until the images are judged'};
	}

	if (pullable(current)) {
		return {press: {type: 'pull-image'}, to: 'to pull it'};
	}

	const below = choices.some((choice, place) => place > imageIndex && pullable(choice));
	return {press: {type: 'select-image', by: below ? 1 : -1}, to: 'to a ✓ that is not here yet'};
}

export const steps: readonly Step[] = [
	{
		id: 'cards',
		// At first they are only expected.
		applies: ({facts}) => facts.gpu.phase !== 'silent',
		parts: [
			part({
				text: 'A made-up machine: nothing you do here is real. Above are its cards, live: load before and now, memory in use, °C, watts, and who is on each.',
				pane: 'gpus',
				ask: {wait: ''},
				done: ({view}) => view.focus === 'gpus',
			}),
			part({
				text: 'Who has a card stands at the end of its line: a box, or a program outside of all boxes by its own name. "free" is what the next box gets.',
				pane: 'gpus',
				ask: {press: {type: 'select-gpu', by: 1}, to: 'to choose a card'},
				done: (_, happened) => pressed(happened, 'select-gpu'),
			}),
		],
	},
	{
		id: 'boxes',
		applies: anyBox,
		parts: [
			part({
				text: 'Below are the boxes, everyone\'s: containers with Jupyter, SSH or both, each with a folder and its cards. "●" runs, "○" is stopped.',
				pane: 'boxes',
				ask: {wait: ''},
				done: ({view}) => view.focus === 'boxes',
			}),
			part({
				text: 'The log of the chosen one runs beside it. A shell, Jupyter, stop and remove are one key each; the line of keys below names them.',
				pane: 'boxes',
				ask: ({facts, view}) => {
					const {boxes} = facts.box;
					const last = boxes.at(-1)?.id === chosen({facts, view})?.id;
					return {press: {type: 'select-box', by: last ? -1 : 1}, to: 'to choose another box'};
				},
				done: ({facts}, happened) => pressed(happened, 'select-box') || facts.box.boxes.length < 2,
			}),
			part({
				text: 'There is more to know of it: the image, the address, and what computes on its cards.',
				ask: {press: {type: 'show', side: 'detail'}, to: 'for its details'},
				done: ({view}, happened) => pressed(happened, 'show') && view.side === 'detail',
			}),
			part({
				text: 'The details stay while you choose other boxes, until you want the log again.',
				ask: {press: {type: 'show', side: 'log'}, to: 'for its log'},
				done: ({view}) => view.side === 'log',
			}),
		],
	},
	{
		id: 'images',
		applies: ({facts}) => facts.box.phase === 'live',
		parts: [
			part({
				text: 'Which image runs on this driver and these cards? That is judged before anything is pulled.',
				ask: {press: {type: 'images'}, to: 'to see the images'},
				done: ({view}) => view.screen === 'images',
			}),
			part({
				text: '"★" is what up takes, "✓" fits, "✕" does not. Why stands below the list, and for what does not fit also what would have to change.',
				screen: 'images',
				ask: ({view}) =>
					view.screen === 'images'
						? {press: {type: 'select-image', by: 1}, to: 'to read about the next one'}
						: {press: {type: 'images'}, to: 'to see the images'},
				done: ({view}, happened) => view.screen === 'images' && pressed(happened, 'select-image'),
			}),
			part({
				text: 'An image that is not here yet can be pulled ahead, for everyone on this machine.',
				screen: 'images',
				ask: (now) =>
					now.view.screen === 'images' ? askToPull(now) : {press: {type: 'images'}, to: 'to see the images'},
				done: ({facts}, happened) =>
					started(happened, 'pull-image') || (facts.images.phase === 'known' && !facts.images.choices.some(pullable)),
			}),
			part({
				text: 'How much, how fast and how long yet stands above the line of keys. Cancelled, it can be taken up again where it was.',
				screen: 'images',
				ask: {press: {type: 'cancel'}, to: 'to cancel it'},
				// The pull begins a moment after its key.
				done: (now, happened) => pressed(happened, 'cancel') || (happened === undefined && !atWork(now)),
			}),
			part({
				text: 'That was the images screen.',
				ask: {wait: ''},
				done: ({view}) => view.screen === 'main',
			}),
		],
	},
	{
		id: 'up',
		applies: ({facts}) => facts.box.phase === 'live',
		parts: [
			part({
				text: 'Now a box for the folder you stand in: the best image, with Jupyter added where it lacks, on the freest card. One key does it all.',
				ask: {press: {type: 'up'}, to: 'to bring it up'},
				done: (_, happened) => started(happened, 'up'),
			}),
			part({
				text: 'Each step is told above the line of keys. Asked for again, the same folder gets the same box.',
				ask: (now) => (atWork(now) ? {wait: 'Wait until it is ready'} : {press: {type: 'up'}, to: 'to try again'}),
				done: (now, happened) => {
					const box = chosen(now);
					const isReady = !atWork(now) && now.facts.message?.kind === 'success';
					return happened === undefined && isReady && box?.mine === true && isRunning(box);
				},
			}),
		],
	},
	{
		id: 'way-in',
		applies: (now) => mineRunning(now).length > 0,
		parts: [
			part({
				text: 'The Jupyter of a box listens on this machine alone, with a token that only its owner can read. Both stay the same, also after a restart.',
				box: (now) => mineRunning(now).find(({services}) => services.includes('jupyter')),
				ask: {press: {type: 'open'}, to: 'for its address'},
				done: (now, happened) => started(happened, 'open') || mineRunning(now).length === 0,
			}),
			part({
				text: "Or a shell inside, as yourself, in the project's folder. Try nvidia-smi there; exit brings you back.",
				box: (now) => mineRunning(now)[0],
				ask: {press: {type: 'attach'}, to: 'for a shell in it'},
				done: (now, happened) => started(happened, 'attach') || mineRunning(now).length === 0,
			}),
			part({
				text: 'Back again: the shell has ended, the box runs on. So it does when you leave this session, or log out.',
				ask: ({facts}) =>
					facts.lent ? {wait: 'Wait for its prompt'} : {press: {type: 'tour-step', by: 1}, to: 'to go on'},
				done: () => false,
			}),
		],
	},
	{
		id: lossStep,
		applies: ({facts}) => facts.gpu.readings.length > 0,
		parts: [
			part({
				text: 'Cards fail. One of these falls off the bus just now.',
				ask: {wait: 'Watch the cards'},
				done: (now) => lostCards(now).length > 0,
			}),
			part({
				text: (now) =>
					`Card ${lostCards(now)[0]?.index ?? ''} stays on the screen, as lost and with what helps, and is given to nobody. The box that holds it has lost its work.`,
				box: holderOfLost,
				ask: {press: {type: 'tour-step', by: 1}, to: 'to go on'},
				done: (now) => {
					const holder = holderOfLost(now);
					return holder !== undefined && chosen(now)?.id === holder.id;
				},
			}),
			part({
				text: (now) =>
					`${holderOfLost(now)?.name ?? 'The box'} still runs, but its log ends with what CUDA said when the card was gone. Only a reboot brings that card back.`,
				ask: {press: {type: 'tour-step', by: 1}, to: 'to go on'},
				done: () => false,
			}),
		],
	},
	{
		id: 'kernels',
		applies: (now) => withKernels(now) !== undefined,
		parts: [
			part({
				text: 'A notebook keeps its memory on the card as long as its kernel lives, even when nobody looks at it any more.',
				box: withKernels,
				ask: {press: {type: 'find-idle-kernels'}, to: 'to look for idle kernels in it'},
				done: ({view}) => view.asking?.what === 'free',
			}),
			part({
				text: 'Kernels that compute nothing are named with how long that has been. Their variables would be lost; the notebook and the box stay.',
				asked: true,
				ask: ({view}) =>
					view.asking === undefined
						? {press: {type: 'find-idle-kernels'}, to: 'to look again'}
						: {press: {type: 'answer', yes: true}, to: 'to shut it down'},
				done: (_, happened) => started(happened, 'free'),
			}),
			part({
				text: 'Its memory is free for somebody else. Boxes that hold a card and do nothing can be stopped as well: that is what idle.stopAfter and gpubox reap are for.',
				ask: (now) =>
					atWork(now) ? {wait: 'Watch the memory of its card'} : {press: {type: 'tour-step', by: 1}, to: 'to go on'},
				done: () => false,
			}),
		],
	},
	{
		id: 'stop',
		applies: (now) => mineRunning(now).length > 0,
		parts: [
			part({
				text: "A box of your own stops at once, and gives its cards back. For somebody else's you are asked first, with the name of whose it is.",
				box: (now) => mineRunning(now)[0],
				ask: {press: {type: 'stop-or-start'}, to: 'to stop it'},
				done: (now, happened) => started(happened, 'stop') || mineRunning(now).length === 0,
			}),
			part({
				text: 'Programs in it are told to end and get time for it.',
				ask: {wait: 'Wait until it is stopped'},
				done: (now, happened) => {
					const box = chosen(now);
					return happened === undefined && !atWork(now) && (box === undefined || !isRunning(box));
				},
			}),
			part({
				text: 'Stopped, it keeps its address, its token and all that was installed in it: the same key starts it again. Removing it always asks.',
				ask: {press: {type: 'ask-remove'}, to: 'to remove it'},
				done: ({view}) => view.asking?.what === 'remove',
			}),
			part({
				text: 'The folder of the project stays in any case, and so does your home.',
				asked: true,
				ask: ({view}) =>
					view.asking === undefined
						? {press: {type: 'ask-remove'}, to: 'to be asked again'}
						: {press: {type: 'answer', yes: true}, to: 'for yes'},
				done: (_, happened) => pressed(happened, 'answer'),
			}),
		],
	},
	{
		id: 'help',
		applies: always,
		parts: [
			part({
				text: 'That was the most of it. All keys are on one screen.',
				ask: {press: {type: 'help'}, to: 'to see them'},
				done: ({view}) => view.screen === 'help',
			}),
			part({
				text: 'It scrolls where the terminal is small.',
				ask: {wait: ''},
				done: ({view}) => view.screen === 'main',
			}),
		],
	},
	{
		id: 'end',
		applies: always,
		parts: [
			part({
				text: 'On your own machine: "gpubox doctor" looks whether all is in place, "gpubox up --jupyter" in a project makes its box, "gpubox" opens this session.',
				ask: {press: {type: 'tour'}, to: 'to put the tour away, and stay as long as you like'},
				done: () => false,
			}),
		],
	},
];
