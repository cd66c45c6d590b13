/** The steps of the tour, in order. */

import type {ImageChoice} from '../../app/images/image-choices.ts';
import {type Box, isRunning} from '../../box/box.ts';
import {selectList} from '../state/machine/select-lists.ts';
import {textOf} from '../state/setup/field.ts';
import {atWork, chosen, mineRunning, myJob, part, pressed, sayYes, started, walked} from './parts.ts';
import type {Ask, Now, Step} from './tour.ts';

/** Which row is chosen does not depend on the time. */
const anyTime = new Date(0);
const always = () => true;
const anyBox = ({facts}: Now) => facts.box.boxes.length > 0;
const lostCards = ({facts}: Now) => facts.gpu.readings.filter(({lost}) => lost);

/** The step before which a card is made to fail. */
export const lossStep = 'loss';

/** The card to lose, for a clear example: one that a single running box of another user holds. Its index, or undefined. */
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

/** The user's oldest box with a notebook on a card: in a new one nothing is idle yet. */
const withKernels = (now: Now): Box | undefined =>
	mineRunning(now).findLast(({services, gpus}) => services.includes('jupyter') && gpus.length > 0);

/** A log of their own is shown without a question. */
const withLog = (now: Now): Box | undefined => myJob(now) ?? mineRunning(now)[0];

const pullable = ({fits, local}: ImageChoice) => fits === true && !local;

/** Leads to an image that fits and is not local yet, the nearest one below or else above. */
function askToPull({facts, view}: Now): Ask {
	const wanted = new Set(facts.images.choices.filter(pullable).map(({reference}) => reference));
	if (wanted.size === 0) {
		return {wait: 'Wait until the images are checked'};
	}

	const {rows, chosen: current} = selectList('images', facts, view, anyTime);
	if (current === undefined || !rows.some(({id}) => wanted.has(id))) {
		return {press: {type: 'list', does: {type: 'leave-list'}}, to: 'to show all images'};
	}

	if (wanted.has(current.id)) {
		return {press: {type: 'pull-image'}, to: 'to pull it'};
	}

	const below = rows.slice(rows.indexOf(current)).some(({id}) => wanted.has(id));
	return {
		press: {type: 'list', does: {type: 'select-row', by: below ? 1 : -1}},
		to: 'to select a ✓ that is not local yet',
	};
}

export const steps: readonly Step[] = [
	{
		id: 'cards',
		// Without GPUs there is nothing to show.
		applies: ({facts}) => facts.gpu.phase !== 'silent',
		parts: [
			part({
				text: 'A demo host: nothing you do here is real. Above are its GPUs, live: load, memory in use, °C, watts, and the boxes that use them.',
				pane: 'gpus',
				ask: {wait: ''},
				done: ({view}) => view.focus === 'gpus',
			}),
			part({
				text: 'The last column shows the box that uses the GPU, or a process outside of all boxes. The next box gets a GPU marked "free".',
				pane: 'gpus',
				ask: {press: {type: 'select-gpu', by: 1}, to: 'to select a GPU'},
				done: (_, happened) => pressed(happened, 'select-gpu'),
			}),
			part({
				text: 'A GPU has a screen of its own: load, memory, power, temperature and clock over 5 minutes, an hour or a day, its links and errors.',
				pane: 'gpus',
				ask: {press: {type: 'open-gpu'}, to: 'to open it'},
				done: ({view}) => view.screen === 'gpu',
			}),
			part({
				text: 'One can walk back in time there: the figures and processes are those of that moment. So it shows who ran what at 03:10.',
				screen: 'gpu',
				ask: {press: {type: 'move-cursor', by: -10}, to: 'to walk back'},
				done: ({view}) => view.inspect.cursorMs !== undefined,
			}),
			part({
				text: 'Its history is kept for a day, also without a session: see gpubox reap.',
				ask: {wait: ''},
				done: ({view}) => view.screen === 'main',
			}),
		],
	},
	{
		id: 'boxes',
		applies: anyBox,
		parts: [
			part({
				text: 'Below are the boxes of all users: containers with Jupyter, SSH or both, each with a folder and its GPUs. "●" is running, "○" is stopped.',
				pane: 'boxes',
				ask: {wait: ''},
				done: ({view}) => view.focus === 'boxes',
			}),
			part({
				text: 'Next to them is the log of the selected box. A shell, Jupyter, stop and remove are one key each; the key bar below lists them.',
				pane: 'boxes',
				ask: ({facts, view}) => {
					const {boxes} = facts.box;
					const last = boxes.at(-1)?.id === chosen({facts, view})?.id;
					return {press: {type: 'select-box', by: last ? -1 : 1}, to: 'to select another box'};
				},
				done: ({facts}, happened) => pressed(happened, 'select-box') || facts.box.boxes.length < 2,
			}),
			part({
				text: 'The screen of a box shows what it uses, its address, processes, mounts, limits and settings.',
				pane: 'boxes',
				ask: {press: {type: 'open-box'}, to: 'for all about it'},
				done: ({view}) => view.screen === 'box',
			}),
			part({
				text: 'With "y" its address, an ssh line or the docker run line can be copied, also over ssh.',
				screen: 'box',
				ask: {press: {type: 'leave-inspect'}, to: 'to return'},
				done: ({view}) => view.screen === 'main',
			}),
			part({
				text: 'The log of a box can fill the screen. It follows what is written until you scroll up; older lines are fetched as you go.',
				pane: 'boxes',
				box: withLog,
				asked: true,
				ask: ({view}) =>
					view.asking === undefined
						? {press: {type: 'show', side: 'log'}, to: 'to open it'}
						: sayYes(view.asking, 'to read it'),
				done: ({view}) => view.screen === 'log',
			}),
			part({
				text: 'The whole log is searched, however long it is, for a text or a regular expression.',
				screen: 'log',
				ask: {press: {type: 'log', does: {what: 'ask', for: 'search'}}, to: 'to search it'},
				done: ({view}) => view.log.prompt?.for === 'search',
			}),
			part({
				text: 'Matches are marked and counted. "&" shows only the lines that match, "!" only those that do not, "e" goes to the next error.',
				screen: 'log',
				ask: ({view: {log}}) =>
					log.prompt === undefined
						? {press: {type: 'log', does: {what: 'ask', for: 'search'}}, to: 'to search it'}
						: textOf(log.prompt.field) === ''
							? {wait: 'Type a word that is in it'}
							: {press: {type: 'log', does: {what: 'enter'}}, to: 'to find it'},
				done: ({view: {log}}) => log.search !== '' && log.prompt === undefined,
			}),
			part({
				text: 'The title shows which of the matches this is. "N" goes the other way.',
				screen: 'log',
				ask: {press: {type: 'log', does: {what: 'walk', of: 'search', by: 1}}, to: 'for the next match'},
				done: (_, happened) => happened?.action.type === 'log' && happened.action.does.what === 'walk',
			}),
			part({
				text: 'Timestamps, a part of the time, several boxes beside each other, saving: "?" lists the keys of the log.',
				screen: 'log',
				ask: {press: {type: 'zoom-log'}, to: 'to return'},
				done: ({view}) => view.screen === 'main',
			}),
			part({
				text: 'The keys 1 to 7 show the rest of the machine: all containers, GPU processes, people, images, disk and other hosts.',
				ask: {press: {type: 'list', does: {type: 'view', to: 'containers'}}, to: 'to see all containers'},
				done: ({view}) => view.screen === 'containers',
			}),
			part({
				text: 'Those that are no boxes are dimmed: what they use and, as far as it is known, whose they are. "/" filters, "S" sorts.',
				screen: 'containers',
				ask: {press: {type: 'list', does: {type: 'view', to: 'people'}}, to: 'to see who holds which GPUs'},
				done: ({view}) => view.screen === 'people',
			}),
			part({
				text: 'One key finds every other one, and every command of gpubox.',
				screen: 'people',
				ask: {press: {type: 'palette', does: {what: 'open'}}, to: 'to open the palette'},
				done: ({view}) => view.palette !== undefined,
			}),
			part({
				text: 'Type a part of a name there; Enter does what is marked. What does nothing now is grey, with the reason.',
				screen: 'people',
				ask: {press: {type: 'palette', does: {what: 'close'}}, to: 'to close it'},
				done: ({view}) => view.palette === undefined,
			}),
			part({
				text: 'That was the list of people.',
				screen: 'people',
				ask: {press: {type: 'list', does: {type: 'view', to: 'main'}}, to: 'to return'},
				done: ({view}) => view.screen === 'main',
			}),
		],
	},
	{
		id: 'images',
		applies: ({facts}) => facts.box.phase === 'live',
		parts: [
			part({
				text: 'Which images run on this driver and these GPUs? gpubox checks that before pulling anything.',
				ask: {press: {type: 'images'}, to: 'to see the images'},
				done: ({view}) => view.screen === 'images',
			}),
			part({
				text: '"★" is the recommended image, "✓" fits, "✕" does not fit. Below the list is the reason, and for an image that does not fit also a fix.',
				screen: 'images',
				ask: {press: {type: 'list', does: {type: 'select-row', by: 1}}, to: 'to read about the next one'},
				done: ({view}, happened) => view.screen === 'images' && walked(happened),
			}),
			part({
				text: 'An image that is not local yet can be pulled in advance, for everyone on this machine.',
				screen: 'images',
				ask: askToPull,
				done: ({facts}, happened) =>
					started(happened, 'pull-image') || (facts.images.phase === 'known' && !facts.images.choices.some(pullable)),
			}),
			part({
				text: 'Progress, speed and time left are shown above the key bar. A cancelled pull can be resumed later.',
				screen: 'images',
				asked: true,
				ask: ({view}) =>
					view.asking === undefined
						? {press: {type: 'ask-cancel'}, to: 'to cancel it'}
						: sayYes(view.asking, 'to cancel it'),
				// The pull starts a moment after its key.
				done: (now, happened) => started(happened, 'cancel') || (happened === undefined && !atWork(now)),
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
				text: 'Now start a box for the current folder: the best image, with Jupyter added if it is missing, on the least-used GPU. One key does it all.',
				ask: {press: {type: 'up'}, to: 'to start it'},
				done: (_, happened) => started(happened, 'up'),
			}),
			part({
				text: 'Each step is shown above the key bar. Starting again in the same folder gives the same box.',
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
				text: 'The Jupyter of a box listens only on this machine, with a token that only its owner can read. Both stay the same after a restart.',
				box: (now) => mineRunning(now).find(({services}) => services.includes('jupyter')),
				ask: {press: {type: 'open'}, to: 'for its URL'},
				done: (now, happened) => started(happened, 'open') || mineRunning(now).length === 0,
			}),
			part({
				text: "Or open a shell inside, as yourself, in the project's folder. Try nvidia-smi there; exit returns here.",
				box: (now) => mineRunning(now)[0],
				ask: {press: {type: 'attach'}, to: 'for a shell in it'},
				done: (now, happened) => started(happened, 'attach') || mineRunning(now).length === 0,
			}),
			part({
				text: 'The shell has ended; the box keeps running. It also does when you quit this session or log out.',
				ask: ({facts}) =>
					facts.lent ? {wait: 'Wait for its prompt'} : {press: {type: 'tour-step', by: 1}, to: 'to continue'},
				done: () => false,
			}),
		],
	},
	{
		id: lossStep,
		applies: ({facts}) => facts.gpu.readings.length > 0,
		parts: [
			part({
				text: 'GPUs can fail. One of these is just falling off the bus.',
				ask: {wait: 'Watch the GPUs'},
				done: (now) => lostCards(now).length > 0,
			}),
			part({
				text: (now) =>
					`GPU ${lostCards(now)[0]?.index ?? ''} stays on the screen, marked as lost and with a fix, and is no longer allocated. The box that holds it has lost its work.`,
				box: holderOfLost,
				ask: {press: {type: 'tour-step', by: 1}, to: 'to continue'},
				done: (now) => {
					const holder = holderOfLost(now);
					return holder !== undefined && chosen(now)?.id === holder.id;
				},
			}),
			part({
				text: (now) =>
					`${holderOfLost(now)?.name ?? 'The box'} is still running, but its log ends with the CUDA error for the lost GPU. Only a reboot recovers that GPU.`,
				ask: {press: {type: 'tour-step', by: 1}, to: 'to continue'},
				done: () => false,
			}),
		],
	},
	{
		id: 'events',
		applies: ({facts}) => facts.gpu.readings.length > 0,
		parts: [
			part({
				text: '"!" in the row of a box is a verdict on how it uses its GPUs: lost, too hot, waiting for data, 1 of 4 works. Enter says what it follows from.',
				ask: {press: {type: 'events'}, to: 'for what happened so far'},
				done: ({view}) => view.screen === 'events',
			}),
			part({
				text: 'Boxes that stopped by themselves, ended jobs, GPUs lost, too hot or free again. It can ring, notify you or run a command of yours.',
				ask: {wait: ''},
				done: ({view}) => view.screen === 'main',
			}),
		],
	},
	{
		id: 'kernels',
		applies: (now) => withKernels(now) !== undefined,
		parts: [
			part({
				text: 'A notebook keeps its GPU memory as long as its kernel runs, even when no one uses it any more.',
				box: withKernels,
				ask: {press: {type: 'find-idle-kernels'}, to: 'to find its idle kernels'},
				done: ({view}) => view.asking?.what === 'free',
			}),
			part({
				text: 'Idle kernels are listed with their idle time. Shutting one down loses its variables; the notebook and the box are kept.',
				asked: true,
				ask: ({view}) =>
					view.asking === undefined
						? {press: {type: 'find-idle-kernels'}, to: 'to find it again'}
						: sayYes(view.asking, 'to shut it down'),
				done: (_, happened) => started(happened, 'free'),
			}),
			part({
				text: 'Its memory is free for others. Idle boxes that hold a GPU can also be stopped automatically: see idle.stopAfter and gpubox reap.',
				ask: (now) =>
					atWork(now) ? {wait: 'Watch the memory of its GPU'} : {press: {type: 'tour-step', by: 1}, to: 'to continue'},
				done: () => false,
			}),
		],
	},
	{
		id: 'jobs',
		applies: (now) => myJob(now) !== undefined,
		parts: [
			part({
				text: 'A training that runs overnight is a job: "gpubox run -- python train.py", in the image of the box. It holds its GPU only while it runs.',
				box: myJob,
				ask: {wait: ''},
				done: (now) => myJob(now) === undefined || chosen(now)?.id === myJob(now)?.id,
			}),
			part({
				text: 'Its log is kept in runs/ of the project, also when its container is gone. A job that is stopped has two minutes to save a checkpoint.',
				box: myJob,
				asked: true,
				ask: ({view}) =>
					view.asking === undefined
						? {press: {type: 'stop-or-start'}, to: 'to stop it'}
						: sayYes(view.asking, 'to stop it'),
				done: (now, happened) => started(happened, 'stop') || myJob(now) === undefined,
			}),
			part({
				text: 'How it ended is told in every session of yours, and kept: "gpubox runs" lists it with its exit code, and its GPU is free for others.',
				ask: (now) =>
					atWork(now) ? {wait: 'Wait until it has ended'} : {press: {type: 'tour-step', by: 1}, to: 'to continue'},
				done: () => false,
			}),
		],
	},
	{
		id: 'stop',
		applies: (now) => mineRunning(now).length > 0,
		parts: [
			part({
				text: "Stopping frees the GPUs of a box. It is asked about first, with what uses the box, and for another user's box with the owner.",
				box: (now) => mineRunning(now)[0],
				asked: true,
				ask: ({view}) =>
					view.asking === undefined
						? {press: {type: 'stop-or-start'}, to: 'to stop it'}
						: sayYes(view.asking, 'to stop it'),
				done: (now, happened) => started(happened, 'stop') || mineRunning(now).length === 0,
			}),
			part({
				text: 'Its programs are asked to exit and get time for that.',
				ask: {wait: 'Wait until it is stopped'},
				done: (now, happened) => {
					const box = chosen(now);
					return happened === undefined && !atWork(now) && (box === undefined || !isRunning(box));
				},
			}),
			part({
				text: 'A stopped box keeps its address, its token and everything installed in it: the same key starts it again. Removing always asks.',
				ask: {press: {type: 'ask-remove'}, to: 'to remove it'},
				done: ({view}) => view.asking?.what === 'remove',
			}),
			part({
				text: 'The project folder and your home are always kept.',
				asked: true,
				ask: ({view}) =>
					view.asking === undefined
						? {press: {type: 'ask-remove'}, to: 'to be asked again'}
						: sayYes(view.asking, 'to remove it'),
				done: ({view}, happened) => pressed(happened, 'answer') && view.asking === undefined,
			}),
		],
	},
	{
		id: 'host',
		applies: always,
		parts: [
			part({
				text: 'When something does not work: the checks of gpubox doctor, with what fixes it. On a real host, Enter runs that after a question.',
				ask: {press: {type: 'doctor', does: {what: 'open'}}, to: 'to check this host'},
				done: ({view}) => view.screen === 'doctor',
			}),
			part({
				text: 'Each check says what was found, and why it matters.',
				ask: {wait: ''},
				done: ({view}) => view.screen === 'main',
			}),
			part({
				text: 'Your settings have a screen, too: colours, alerts, first values of new boxes.',
				ask: {press: {type: 'config', does: {what: 'open'}}, to: 'to see them'},
				done: ({view}) => view.screen === 'settings',
			}),
			part({
				text: 'Each with its value, and who set it. On a real host, Enter changes it.',
				ask: {wait: ''},
				done: ({view}) => view.screen === 'main',
			}),
		],
	},
	{
		id: 'help',
		applies: always,
		parts: [
			part({
				text: 'Those were the main features. All keys are on one screen.',
				ask: {press: {type: 'help'}, to: 'to see them'},
				done: ({view}) => view.screen === 'help',
			}),
			part({
				text: 'It scrolls if the terminal is small.',
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
				text: 'On your own machine: "gpubox doctor" checks the host, "gpubox up --jupyter" in a project starts its box, "gpubox" opens this session.',
				ask: {press: {type: 'tour'}, to: 'to close the tour and keep exploring'},
				done: () => false,
			}),
		],
	},
];
