/** What there is to copy of what is chosen. Others add a subject by a member of `CopyAbout` and a function here. */
import {openingOf} from '../../../app/boxes/open-box.ts';
import type {Box} from '../../../box/box.ts';
import {isRunning} from '../../../box/box.ts';
import type {Host} from '../../../host/host.ts';
import {hidden} from '../../../text/secret-looking.ts';
import {shellQuote} from '../../../text/shell-quote.ts';
import type {MenuItem} from '../menu/menu.ts';
import type {Facts} from '../model.ts';
import type {CopyAbout} from './copy-about.ts';

type Choice = {label: string; value: string; shown?: string};

/**
The title of the menu and its lines, numbered. Values are exact; labels and what is shown are safe to print.

@param run the `docker run` of a box, once it is known
*/
export function copyChoices(
	host: Host,
	facts: Facts,
	about: CopyAbout,
	run?: string,
): {title: string; items: MenuItem[]} {
	const {title, choices} = choicesOf(host, facts, about);
	// Last: it comes later, and the numbers of the others stay.
	const all = [...choices, ...(run === undefined ? [] : [runChoice(run)])];
	return {
		title: `Copy of ${title}`,
		items: all.map(({label, value, shown = value}, place) => ({key: String(place + 1), label, shown, value})),
	};
}

function choicesOf(host: Host, facts: Facts, about: CopyAbout): {title: string; choices: Choice[]} {
	switch (about.kind) {
		case 'box': {
			const box = facts.box.boxes.find(({id}) => id === about.boxId);
			return box === undefined ? {title: '', choices: []} : {title: box.name, choices: ofBox(host, box)};
		}

		case 'container': {
			const {id, name} = about;
			const image = facts.machine.containers.find((each) => each.id === id)?.image;
			return {
				title: name,
				choices: [
					{label: 'name', value: name},
					{label: 'container id', value: id},
					...(image === undefined ? [] : [{label: 'image', value: image}]),
				],
			};
		}

		case 'gpu': {
			const gpu = facts.gpu.readings.find(({uuid}) => uuid === about.uuid);
			return {
				title: `GPU ${gpu?.index ?? ''}`.trim(),
				choices: [
					{label: 'UUID', value: about.uuid},
					...(gpu === undefined ? [] : [{label: 'number', value: String(gpu.index)}]),
					...(gpu === undefined ? [] : [{label: 'variable', value: `CUDA_VISIBLE_DEVICES=${about.uuid}`}]),
				],
			};
		}

		case 'image': {
			const {reference} = about;
			return {
				title: reference,
				choices: [
					{label: 'reference', value: reference},
					{label: 'gpubox up', value: `gpubox up --image ${shellQuote(reference)}`},
					{label: 'docker pull', value: `docker pull ${shellQuote(reference)}`},
				],
			};
		}

		case 'host': {
			const {name, address} = about;
			return {
				title: name,
				choices: [
					{label: 'name', value: name},
					{label: 'address', value: address},
					{label: 'gpubox', value: `gpubox --host ${shellQuote(name)}`},
				],
			};
		}
	}
}

function runChoice(run: string): Choice {
	const line = run.replaceAll(/ \\\n +/g, ' ');
	return {label: line.includes(hidden) ? 'docker run, secrets hidden' : 'docker run', value: run, shown: line};
}

function ofBox(host: Host, box: Box): Choice[] {
	const {ssh} = box.addresses;
	return [
		...addressOf(host, box),
		...(ssh === undefined
			? []
			: [
					{
						label: 'ssh line',
						value: `ssh -p ${ssh.port} ${shellQuote(box.rootPassword ? 'root' : box.user)}@${ssh.host}`,
					},
				]),
		...(isRunning(box) ? [{label: 'shell', value: `gpubox attach ${shellQuote(box.name)}`}] : []),
		{label: 'name', value: box.name},
		{label: 'container id', value: box.id},
		{label: 'image', value: box.image},
		{label: 'folder', value: box.projectPath, shown: box.project},
	];
}

/** The address with its token, which only the owner of a box has; that of Jupyter alone where it is another's. */
function addressOf(host: Host, box: Box): Choice[] {
	const {jupyter} = box.addresses;
	if (jupyter === undefined) {
		return [];
	}

	const bare = `http://${jupyter.host}:${jupyter.port}`;
	try {
		const fixes = {noJupyter: '', notYours: '', notRunning: '', noAddress: ''};
		const {url, tunnel} = openingOf(host, box, fixes);
		return [
			{label: 'address', value: url, shown: url.replace(/(token=).*$/, '$1…')},
			...(tunnel === undefined ? [] : [{label: 'tunnel', value: tunnel}]),
		];
	} catch {
		// Not theirs, or its token is not on this machine.
		return [{label: 'address', value: bare}];
	}
}
