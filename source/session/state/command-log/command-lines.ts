/** What a key did, as the command that one would have typed for it. Nothing secret is in it. */
import {hasSecretName, isKnownSecret} from '../../../text/secret-looking.ts';
import {shellQuote} from '../../../text/shell-quote.ts';
import type {Facts} from '../model.ts';
import type {Effect} from '../reduce.ts';

/** The commands for an effect, with the host where it is not this one; none for one that changes and opens nothing. */
export function commandLinesFor(effect: Effect, facts: Facts): string[] {
	if (effect.type === 'go-to-host') {
		return [lineOf(['gpubox', '--host', effect.address])];
	}

	if (effect.type === 'run-fix') {
		return [effect.command];
	}

	if (effect.type === 'run-own') {
		return [lineOf(effect.call.words)];
	}

	const docker = dockerWords(effect);
	if (docker !== undefined) {
		return [lineOf(['docker', ...docker])];
	}

	const words = wordsFor(effect, facts);
	const host = facts.hostWord === undefined ? [] : ['--host', facts.hostWord];
	return words === undefined ? [] : [lineOf(['gpubox', ...host, ...words])];
}

/** For a container that is not a box. */
function dockerWords(effect: Effect): string[] | undefined {
	switch (effect.type) {
		case 'stop-container': {
			return ['stop', effect.name];
		}

		case 'start-container': {
			return ['start', effect.name];
		}

		case 'enter-container': {
			return ['exec', '-it', effect.name, 'sh'];
		}

		default: {
			return undefined;
		}
	}
}

/** Words as a shell takes them, without what looks secret. */
export function lineOf(words: readonly string[]): string {
	return withoutSecrets(words).map(shellQuote).join(' ').replaceAll(`'…'`, '…');
}

function wordsFor(effect: Effect, facts: Facts): string[] | undefined {
	const nameOf = (boxId: string) => facts.box.boxes.find(({id}) => id === boxId)?.name ?? boxId.slice(0, 12);
	switch (effect.type) {
		case 'up': {
			return [
				'up',
				...(effect.image === undefined ? [] : ['--image', effect.image]),
				...(effect.wait ? ['--wait'] : []),
				...(effect.folder === undefined ? [] : [effect.folder]),
			];
		}

		case 'attach':
		case 'open':
		case 'start':
		case 'stop':
		case 'restart': {
			return [effect.type, nameOf(effect.boxId)];
		}

		case 'remove': {
			return ['rm', nameOf(effect.boxId)];
		}

		case 'bulk': {
			return [effect.deed === 'remove' ? 'rm' : effect.deed, ...effect.boxIds.map(nameOf)];
		}

		case 'free': {
			return ['kernels', nameOf(effect.boxId), '--stop', 'idle'];
		}

		case 'pull-image': {
			return ['pull', effect.image];
		}

		case 'up-with-image': {
			return ['up', '--image', effect.image];
		}

		case 'setup-write': {
			return ['init', ...(effect.folder === undefined ? [] : [effect.folder])];
		}

		case 'change-setting': {
			// What is typed may be a secret, whatever it is for.
			return effect.text === undefined ? ['config', '--unset', effect.key] : ['config', effect.key, effect.text];
		}

		case 'run-verb': {
			return effect.words;
		}

		default: {
			return undefined;
		}
	}
}

/** The value of a variable, of whatever has a secret's name, the token of a URL and what says itself that it is secret become `…`. */
function withoutSecrets(words: readonly string[]): string[] {
	return words.map((word, place) => {
		const before = words[place - 1] ?? '';
		const text = word.replace(/([?&]token=)[^&]+/g, '$1…');
		const [, option = '', name, value] = /^(--[\w-]+=)?([A-Za-z_][\w.-]*)=(.*)$/s.exec(text) ?? [];
		const isVariable = before === '--env' || option === '--env=';
		if (name !== undefined && value !== undefined && (isVariable || hasSecretName(name) || isKnownSecret(value))) {
			return `${option}${name}=…`;
		}

		const [, flag, ofFlag = ''] = /^(--?[\w-]+)=(.*)$/s.exec(text) ?? [];
		if (flag !== undefined && (isSecretOption(flag) || isKnownSecret(ofFlag))) {
			return `${flag}=…`;
		}

		// `--password VALUE`, and `config env.TOKEN VALUE`.
		return isSecretOption(before) || /^env\./.test(before) || isKnownSecret(text) ? '…' : text;
	});
}

/** `--secret` itself takes names. */
function isSecretOption(word: string): boolean {
	return word.startsWith('-') && !word.includes('=') && !/^--secret/.test(word) && hasSecretName(word);
}
