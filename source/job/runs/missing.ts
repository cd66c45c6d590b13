import {posix} from 'node:path';
import {inside} from '../../box/paths.ts';
import type {Mount} from '../../engine/engine.ts';
import {safeText} from '../../text/safe.ts';
import {shellQuote} from '../../text/shell-quote.ts';

/** The host that a job runs on. */
export type OnHost = {
	/** The folder of the project there. */
	project: string;
	/** What the job has of it, and where. */
	mounts: ReadonlyArray<Pick<Mount, 'source' | 'target'>>;
	/** Whether it has a file or folder at a path. */
	exists: (path: string) => boolean;
};

/**
What a program did not find in a job although its user has it: a Python package or a program that the image does not bring, or a file at a path of the
host.

@param line of the log
@param onHost missing for a job of another place
*/
export function tellMissing(line: string, onHost: OnHost | undefined): {text: string; fix: string} | undefined {
	return tellModule(line) ?? tellProgram(line) ?? (onHost && tellPath(line, onHost));
}

/** Names of modules, with what pip calls their packages. */
const packages: Record<string, string> = {
	bs4: 'beautifulsoup4',
	cv2: 'opencv-python-headless',
	dateutil: 'python-dateutil',
	dotenv: 'python-dotenv',
	flash_attn: 'flash-attn',
	huggingface_hub: 'huggingface-hub',
	PIL: 'pillow',
	pytorch_lightning: 'pytorch-lightning',
	skimage: 'scikit-image',
	sklearn: 'scikit-learn',
	yaml: 'pyyaml',
};

/** The end of a traceback; under torchrun with the rank before it. */
function tellModule(line: string): {text: string; fix: string} | undefined {
	const [, module = ''] = /^(?:\[[^\]]+\]:? ?)?ModuleNotFoundError: No module named '([\w.]{1,100})'/.exec(line) ?? [];
	const [name = ''] = module.split('.');
	if (name === '') {
		return undefined;
	}

	// Of an unknown name the index may have anything: a package that only has the name of the project's own module, for example.
	const wanted = Object.hasOwn(packages, name) ? packages[name] : 'PACKAGE';
	return {
		text: `The image does not have the Python module ${name}.`,
		fix: `If it is the project's own: gpubox run -- pip install -e . Else its package, in gpubox.yaml: packages: {pip: [${wanted}]}`,
	};
}

/** What runs a job says so (templates/box/job), and of python more. */
function tellProgram(line: string): {text: string; fix: string} | undefined {
	return /^gpubox: The image has no program "(?!python")/.test(line)
		? {
				text: 'A job has the programs of its image, not those of the host.',
				fix: 'Choose an image that has it (gpubox images), or add its package in gpubox.yaml: packages: {apt: [NAME]}, or pip',
			}
		: undefined;
}

/** What programs say of a file that is not there. */
const missing =
	/no such file or directory|can't open file|cannot open|not found|does not exist|doesn't exist|cannot find/i;

/** A path in quotes, or up to the next blank. One of a single part would be any word after a slash. */
const paths = /(["'`])(\/[^"'`/]+\/[^"'`]+)\1|(?<=^|[\s:=(])(\/[^\s"'`/:]+\/[^\s"'`:,;)]+)/g;

function tellPath(line: string, onHost: OnHost): {text: string; fix: string} | undefined {
	if (!missing.test(line)) {
		return undefined;
	}

	for (const [, , quoted, plain] of line.matchAll(paths)) {
		const told = tellHostPath(quoted ?? plain ?? '', onHost);
		if (told) {
			return told;
		}
	}

	return undefined;
}

/**
What is wrong with the words of a command that are paths of the host. It starts as it is: the image may have such a path, too.

@param command as it was typed; the shell has filled in `~`
*/
export function tellHostPaths(command: readonly string[], onHost: OnHost): string[] {
	const told = command.flatMap((word) => {
		const [, path] = /^(?:-{1,2}[\w-]+=|\w[\w.]*=)?(\/.*)$/s.exec(word) ?? [];
		const {text, fix} = (path === undefined ? undefined : tellHostPath(path, onHost)) ?? {};
		return text === undefined ? [] : [`${text} ${fix}`];
	});
	return [...new Set(told)];
}

/** Here the image has files of its own. */
const ofImage = /^\/(?:(?:bin|boot|dev|etc|lib\w*|opt\/conda|proc|run|sbin|sys|usr|workspace)(?:\/|$)|(?:\w+)?$)/;

/** Folders at the root that no image has. */
const ofHost = /^\/(?:data|datasets?|scratch|nfs|nas|raid|storage|work|projects?)\d*$/;

function tellHostPath(given: string, {project, mounts, exists}: OnHost): {text: string; fix: string} | undefined {
	const path = posix.normalize(given).replace(/(?<=.)\/$/, '');
	const isOfImage = ofImage.test(path) && !ofHost.test(path);
	if (isOfImage || !exists(path) || mounts.some((mount) => isWithin(path, mount, exists))) {
		return undefined;
	}

	const below = posix.relative(project, path);
	return below === '..' || below.startsWith('../')
		? {
				text: `${safeText(path)} is on this host, but not mounted in the job.`,
				fix: `To mount it: --mount ${safeText(shellQuote(`${path}:${path}:ro`))}, or mounts in gpubox.yaml`,
			}
		: {
				text: `${safeText(path)} is a path of this host; in a job the folder of the project is ${inside.project}.`,
				fix: `Write ${safeText(posix.join(inside.project, below))}, or the path from the project on: ${safeText(below || '.')}`,
			};
}

/** Whether a path leads to something in a job by way of a mount. What is in a volume is not known here. */
function isWithin(path: string, {source, target}: Pick<Mount, 'source' | 'target'>, exists: OnHost['exists']): boolean {
	const below = posix.relative(target, path);
	if (below === '..' || below.startsWith('../')) {
		return false;
	}

	return source === undefined || !source.startsWith('/') || exists(posix.join(source, below));
}
