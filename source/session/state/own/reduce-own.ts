/** What a key does with the user's own commands. Pure. */
import {shellQuote} from '../../../text/shell-quote.ts';
import {type Edit, edit, emptyField, type Field, insert, textOf} from '../setup/field.ts';
import {
	callFor,
	isAboutBox,
	isAboutGpu,
	missingFor,
	type OwnCall,
	type OwnCommand,
	type OwnValues,
} from './own-commands.ts';

/** A prompt of a command is open. `values` are of what was chosen when its key was pressed. */
export type OwnView = {command: OwnCommand; values: OwnValues; answers: Readonly<Record<string, string>>; field: Field};

export type OwnAction =
	| {type: 'own-command'; command: OwnCommand}
	| {type: 'own-prompt'; does: {what: 'enter' | 'close'} | {what: 'insert'; text: string} | {what: 'edit'; how: Edit}};

/** Asked before it is started. `about`: on what it is, safe to print. */
export type OwnQuestion = {what: 'own'; call: OwnCall; about: string};

export type OwnEffect = {type: 'run-own'; call: OwnCall};

type Reduced = {
	own: OwnView | undefined;
	asking?: OwnQuestion;
	effects: Array<OwnEffect | {type: 'say'; text: string; fix: string}>;
};

export function reduceOwn(open: OwnView | undefined, action: OwnAction, values: () => OwnValues): Reduced {
	if (action.type === 'own-command') {
		const {command} = action;
		const chosen = values();
		const [missing] = missingFor(command, chosen);
		return missing === undefined
			? next({command, values: chosen, answers: {}, field: emptyField})
			: {own: open, effects: [{type: 'say', text: `${command.name}: ${whyMissing(missing)}`, fix: ''}]};
	}

	const {does} = action;
	if (open === undefined || does.what === 'close') {
		return {own: undefined, effects: []};
	}

	switch (does.what) {
		case 'insert': {
			return {own: {...open, field: insert(open.field, does.text)}, effects: []};
		}

		case 'edit': {
			return {own: {...open, field: edit(open.field, does.how)}, effects: []};
		}

		case 'enter': {
			const prompt = openPrompt(open);
			return next({...open, answers: {...open.answers, ...(prompt && {[prompt.name]: textOf(open.field)})}});
		}
	}
}

/** The prompt that is open: the first without an answer. */
export function openPrompt({command, answers}: OwnView): OwnCommand['prompts'][number] | undefined {
	return command.prompts.find(({name}) => !Object.hasOwn(answers, name));
}

export function whyMissing(name: string): string {
	return name === 'gpu'
		? 'no GPU is chosen'
		: name === 'host'
			? 'this is no other host'
			: `no {${name}} is chosen here`;
}

function next(view: OwnView): Reduced {
	const prompt = openPrompt(view);
	if (prompt !== undefined) {
		return {own: {...view, field: {before: prompt.initial, after: ''}}, effects: []};
	}

	const {command, values, answers} = view;
	const call = callFor(command, values, answers);
	if (typeof call === 'string') {
		return {own: undefined, effects: [{type: 'say', text: `${command.name}: ${call}`, fix: ''}]};
	}

	// What may change something of another user is asked about, whatever the settings say.
	const isOthersBox = values.owner !== undefined && isAboutBox(command);
	const users = isAboutGpu(command) ? values.gpuUsers : undefined;
	return command.confirm || isOthersBox || users !== undefined
		? {own: undefined, asking: {what: 'own', call, about: aboutOf(command, values)}, effects: []}
		: {own: undefined, effects: [{type: 'run-own', call}]};
}

function aboutOf(command: OwnCommand, {box, owner, gpuUsers}: OwnValues): string {
	const onGpu = isAboutGpu(command) && gpuUsers !== undefined ? ` on a GPU (${gpuUsers})` : '';
	if (onGpu !== '' && !isAboutBox(command)) {
		return onGpu;
	}

	const whose = owner === undefined ? '' : ` (owner: ${owner})`;
	// Of a container that is not a box the owner says which one it is.
	const onBox = box === undefined ? (owner === undefined ? '' : ` on ${owner}`) : ` on ${box}${whose}`;
	return `${onBox}${onGpu}`;
}

/** The question in words. Safe to print once foreign text was made so. */
export function ownQuestion({call, about}: OwnQuestion): string {
	return `${call.name}${about}? ${call.words.map(shellQuote).join(' ')}`;
}
