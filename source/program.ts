import {homedir} from 'node:os';
import {Argument, Command, InvalidArgumentError, Option} from '@commander-js/extra-typings';
import {scenarioNames} from './demo/scenario-names.ts';
import {findEngineAddress} from './engine/address.ts';
import {exitCode} from './failure.ts';
import {runVerb} from './run-verb.ts';
import {safeText} from './text/safe.ts';
import {version} from './version.ts';

/** All verbs. Each action loads its own code only, so that no verb pays for another. */
export function makeProgram() {
	const program = new Command('gpubox')
		.description('See the GPUs of a workstation, start a Jupyter or SSH box on an image that fits them, get to work.')
		.version(version)
		// The entry answers it, so that nothing else has to be loaded.
		.option('--licenses', 'print the licenses of gpubox and of all that is in it')
		.option('--host <host>', "another workstation: a Docker context's name or ssh://user@machine")
		.configureOutput({outputError: (text, write) => write(formatUsageError(text))})
		.addHelpText('after', '\nWithout a verb gpubox opens the terminal session.\nExample: gpubox up --jupyter');

	const host = () => ({host: program.opts().host});
	const address = () => hostAddress(program.opts().host);

	program
		.command('up')
		.argument('[dir]', 'project folder', '.')
		.summary("find or make this project's box and say how to get in")
		.description(
			"Finds or makes the project's box, waits until its services answer and says how to get in. Run again, it finds the same box.",
		)
		.option('--jupyter', 'offer Jupyter (the default)')
		.option('--ssh', 'offer SSH')
		.option('--image <ref>', 'image to start from; without it the one that suits this host best')
		.option('--gpus <gpus>', 'auto, none, all, a count, indexes (0,2) or UUIDs')
		.option('--share-gpus', 'take GPUs that others use too')
		.option('--name <name>', 'name of the box')
		.option('--port <port>', 'port on this machine, and no other', toPort)
		.option('--bind <address>', 'address to publish the port on (default: 127.0.0.1, this machine only)')
		.option('--memory <size>', 'memory limit, such as 32g')
		.option('--cpus <n>', 'CPU limit', toPositive)
		.option('--shm-size <size>', 'size of /dev/shm, such as 16g')
		.option('--pids-limit <n>', 'limit of processes and threads', toProcesses)
		.option('--mount <src:dst[:ro]>', 'mount a folder; may be given several times', collect)
		.option('--env <k=v>', 'set a variable; may be given several times', collect)
		.option(
			'--secret <name[=file]>',
			'hand over a secret as /run/secrets/NAME: your variable NAME, a file, or a prompt',
			collect,
		)
		.option('--secret-env <name[=file]>', 'the same, also as a variable of shells inside', collect)
		.option('--sudo', 'let you become root inside')
		.option('--recreate', 'make the box anew, from what is asked for now')
		.option('--force', 'start an image that does not fit, after saying why it does not')
		.option('--wait', 'when others have the GPUs, wait until they are free')
		.option('--no-wait', 'do not wait until the services answer')
		.option('--for <time>', 'how long you want it, such as 4h; then it may be stopped for somebody else')
		.option('--open', 'open Jupyter in the browser')
		.option('--trust', 'for scripts: yes to all that gpubox.yaml asks for, as gpubox trust shows it')
		.option('--dry-run', 'print the docker run line instead of running it')
		.option('--json', 'print JSON, with the token')
		.addHelpText('after', '\nExample: gpubox up --jupyter --gpus 2 --mount /data:/data:ro')
		.action((directory, options) =>
			runVerb(async (signal) => {
				const {upCommand} = await import('./commands/up.ts');
				await upCommand({...options, ...host(), directory}, signal);
				return undefined;
			}, address),
		);

	program
		.command('ls')
		.summary('the boxes')
		.description("Lists the boxes on this host, everyone's.")
		.option('--json', 'print JSON')
		.addHelpText('after', '\nExample: gpubox ls')
		.action((options) =>
			runVerb(async (signal) => {
				const {ls} = await import('./commands/ls.ts');
				await ls({...options, ...host()}, signal);
				return undefined;
			}, address),
		);

	program
		.command('stop')
		.argument('[box...]')
		.description('Stops boxes. Their programs are told to end and get 30 seconds.')
		.option('--idle <time>', 'those of yours in which nothing was done for so long, such as 6h')
		.addHelpText('after', '\nExamples:\n  gpubox stop alice-train\n  gpubox stop --idle 6h')
		.action((names, options) =>
			runVerb(async (signal) => {
				const {stop} = await import('./commands/lifecycle.ts');
				await stop(names, {...options, ...host()}, signal);
				return undefined;
			}, address),
		);

	program
		.command('reap')
		.summary('stop boxes that are not used, or whose time is over')
		.description(
			"Stops your boxes whose time (up --for) is over, and those that hold a GPU and did nothing for idle.stopAfter. The first run writes a notice into the log of the box; one after the grace stops it. Root reaps everybody's boxes.",
		)
		.option('--all', "everybody's boxes")
		.option('--grace <time>', 'time between notice and stop', '10m')
		.option('-n, --dry-run', 'only say what would be done')
		.option('--install', 'have it run every five minutes, by a systemd timer')
		.option('--uninstall', 'no more')
		.addHelpText('after', '\nExample: gpubox reap --install')
		.action((options) =>
			runVerb(async (signal) => {
				const {reap} = await import('./commands/reap.ts');
				return reap({...options, ...host()}, signal);
			}, address),
		);

	program
		.command('kernels')
		.argument('<box>')
		.summary('the notebook kernels of a box')
		.description(
			'Lists the notebook kernels of your box. One keeps its memory on the GPU until it is shut down: its variables are lost then, the notebook and the box stay.',
		)
		.option('--stop <id>', 'shut one down, named by the start of its id; "idle" for all that do not compute')
		.option('--json', 'print JSON')
		.addHelpText('after', '\nExample: gpubox kernels alice-train --stop idle')
		.action((name, options) =>
			runVerb(async (signal) => {
				const {kernels} = await import('./commands/kernels.ts');
				await kernels(name, {...options, ...host()}, signal);
				return undefined;
			}, address),
		);

	program
		.command('start')
		.argument('<box...>')
		.description('Starts stopped boxes, with the address and token they had.')
		.addHelpText('after', '\nExample: gpubox start alice-train')
		.action((names) =>
			runVerb(async (signal) => {
				const {start} = await import('./commands/lifecycle.ts');
				await start(names, host(), signal);
				return undefined;
			}, address),
		);

	program
		.command('rm')
		.argument('<box...>')
		.description('Removes boxes, running ones too. The project folder and your home stay.')
		.option('-y, --yes', 'do not ask')
		.addHelpText('after', '\nExample: gpubox rm alice-train')
		.action((names, options) =>
			runVerb(async (signal) => {
				const {rm} = await import('./commands/lifecycle.ts');
				await rm(names, {...options, ...host()}, signal);
				return undefined;
			}, address),
		);

	program
		.command('logs')
		.argument('<box>')
		.description("Prints a box's output.")
		.option('-f, --follow', 'keep printing what comes')
		.option('-n, --tail <n>', 'so many lines from the end', toCount)
		.option('--since <time>', 'a time, or how long ago: 10m')
		.addHelpText('after', '\nExample: gpubox logs -f --tail 100 alice-train')
		.action((name, options) =>
			runVerb(async (signal) => {
				const {logs} = await import('./commands/logs.ts');
				await logs(name, {...options, ...host()}, signal);
				return undefined;
			}, address),
		);

	program
		.command('attach')
		.argument('<box>')
		.argument('[command...]')
		.summary('a shell, or a command, inside a box')
		.description(
			'Opens a shell inside a box, or runs a command there; its exit code becomes the exit code. Detach with Ctrl-P Ctrl-Q.',
		)
		.addHelpText('after', '\nExample: gpubox attach alice-train -- nvidia-smi')
		.action((name, command) =>
			runVerb(async (signal) => {
				const {attach} = await import('./commands/attach.ts');
				return attach(name, command, host(), signal);
			}, address),
		);

	program
		.command('ssh')
		.argument('<box>')
		.argument('[command...]')
		.summary('the same over SSH')
		.description(
			'Opens a shell inside a box over SSH, or runs a command there; its exit code becomes the exit code. Your own ssh knows the box by the same name: ssh alice-train.',
		)
		.addHelpText('after', '\nExample: gpubox ssh alice-train -- nvidia-smi')
		.action((name, command) =>
			runVerb(async (signal) => {
				const {ssh} = await import('./commands/ssh.ts');
				return ssh(name, command, host(), signal);
			}, address),
		);

	program
		.command('open')
		.argument('<box>')
		.summary("open a box's Jupyter")
		.description("Opens a box's Jupyter in the browser and prints its address with the token.")
		.option('--print', 'only print')
		.addHelpText('after', '\nExample: gpubox open alice-train')
		.action((name, options) =>
			runVerb(async (signal) => {
				const {open} = await import('./commands/open.ts');
				await open(name, {...options, ...host()}, signal);
				return undefined;
			}, address),
		);

	program
		.command('gpus')
		.description('Lists the GPUs with their processes, and the box and person each belongs to.')
		.option('-w, --watch', 'keep it live')
		.option('--json', 'print JSON; with --watch one object a line')
		.addHelpText('after', '\nExample: gpubox gpus --watch')
		.action((options) =>
			runVerb(async (signal) => {
				const {gpus} = await import('./commands/gpus.ts');
				await gpus({...options, ...host()}, signal);
				return undefined;
			}, address),
		);

	program
		.command('images')
		.summary('images that fit this host, best first')
		.description(
			'Lists the images that fit the driver and the GPUs of this host, best first, each with the reason, and how old the bases of the boxes are.',
		)
		.option('-a, --all', 'also those that do not fit, with what would have to change')
		.option('--json', 'print JSON')
		.addHelpText('after', '\nExample: gpubox images --all')
		.action((options) =>
			runVerb(async (signal) => {
				const {images} = await import('./commands/images.ts');
				await images({...options, ...host()}, signal);
				return undefined;
			}, address),
		);

	program
		.command('pull')
		.argument('<ref>')
		.summary('pull an image, with progress')
		.description(
			'Pulls an image and shows each layer, the speed and the time left. A transfer that breaks is taken up again.',
		)
		.option('--force', 'pull although the disk has too little room')
		.addHelpText('after', '\nExample: gpubox pull pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime')
		.action((reference, options) =>
			runVerb(async (signal) => {
				const {pull} = await import('./commands/pull.ts');
				await pull(reference, {...options, ...host()}, signal);
				return undefined;
			}, address),
		);

	program
		.command('doctor')
		.summary('check every layer, from the card to a container')
		.description(
			'Checks every layer from the card to a GPU in a container, and for what is wrong says why it matters and what mends it. Exits with 8 when a check fails.',
		)
		.option('--fix', 'run the commands that need no judgement, after showing them')
		.option('-y, --yes', 'with --fix: do not ask')
		.option('--deep', 'pull a small image for the try in a container when none is here')
		.option('--json', 'print JSON')
		.addHelpText('after', '\nExample: gpubox doctor --fix')
		.action((options) =>
			runVerb(async (signal) => {
				const {doctor} = await import('./commands/doctor.ts');
				return doctor({...options, ...host()}, signal);
			}, address),
		);

	program
		.command('check')
		.argument('[box|image]', "a box or an image of this host; this project's when left out")
		.summary('whether PyTorch can use the GPUs')
		.description(
			'PyTorch sees each GPU, moves a tensor to it and multiplies matrices there; several add up a tensor together. An image is tried in a container of its own, on the GPUs that nobody uses. Exits with 8 unless everything works.',
		)
		.option('--gpus <gpus>', 'for an image: all, a count, indexes (0,2) or UUIDs')
		.option('--share-gpus', 'for an image: try GPUs that others use too')
		.option('--json', 'print JSON')
		.addHelpText('after', '\nExample: gpubox check alice-train')
		.action((name, options) =>
			runVerb(async (signal) => {
				const {check} = await import('./commands/check.ts');
				return check(name, {...options, ...host()}, signal);
			}, address),
		);

	program
		.command('config')
		.argument('[key]')
		.argument('[value]')
		.summary('your personal defaults, and where each setting comes from')
		.description(
			"Shows or changes your personal defaults. A project's gpubox.yaml and the flags of a call are stronger; --show-origin tells which one won.",
		)
		.option('--unset', 'forget the value')
		.option('--show-origin', 'show what holds in this folder, and where it was said')
		.option('--schema', 'print the JSON Schema of gpubox.yaml, for editors')
		.option('--json', 'print JSON')
		.addHelpText(
			'after',
			'\nExamples:\n  gpubox config limits.memory 64g\n  gpubox config services jupyter,ssh\n  gpubox config --show-origin',
		)
		.action((key, value, options) =>
			runVerb(async () => {
				const {config} = await import('./commands/config.ts');
				await config(key, value, options);
				return undefined;
			}),
		);

	program
		.command('init')
		.argument('[dir]', 'project folder', '.')
		.summary('write a gpubox.yaml, after a few questions')
		.description(
			'Looks at the host, asks what the project needs, shows the plan, writes gpubox.yaml and starts the box when you like. What a flag says is not asked. It can be left at any question and run again: nothing is written before you agree, and the answers so far are suggested the next time. In the session the key n asks the same.',
		)
		.addOption(new Option('--use <use>', 'what for').choices(['notebook', 'editor', 'training'] as const))
		.option('--gpus <gpus>', 'auto, none, all, a count, indexes (0,2) or UUIDs')
		.option('--data <folder>', 'folder with the data: mounted read-only at /data')
		.option('--no-data', 'none')
		.option('--image <ref>', 'image; without it the one that suits this host best')
		.option('--name <name>', "the project's name; boxes are called PERSON-NAME")
		.option('--start', 'start the box afterwards')
		.option('--no-start', 'do not')
		.option('-y, --yes', 'take what is suggested instead of asking')
		.option('--force', 'write over a gpubox.yaml that is there')
		.addHelpText('after', '\nExample: gpubox init --use notebook --gpus 1 --data /data/imagenet')
		.action((directory, options) =>
			runVerb(async (signal) => {
				const {init} = await import('./commands/init.ts');
				await init({...options, ...host(), directory}, signal);
				return undefined;
			}, address),
		);

	program
		.command('trust')
		.argument('[dir]', 'project folder', '.')
		.summary('what a project asks for, and your answer')
		.description(
			"Shows what a project's gpubox.yaml asks for beyond an image, GPUs, limits and packages (folders outside of the project, secrets, commands, keys …), asks whether you trust it with that, and keeps the answer. It holds for exactly that: what is new later is asked about again.",
		)
		.option('-y, --yes', 'keep a yes without asking')
		.option('--forget', 'take the answer back')
		.option('--json', 'print JSON; nothing is asked or kept')
		.addHelpText('after', '\nExample: gpubox trust')
		.action((directory, options) =>
			runVerb(async (signal) => {
				const {trust} = await import('./commands/trust.ts');
				await trust({...options, ...host(), directory}, signal);
				return undefined;
			}, address),
		);

	program
		.command('completion')
		.addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish'] as const))
		.summary('completion for your shell')
		.description(
			'Prints what makes your shell complete verbs, options, boxes and images. It belongs into ~/.bashrc or ~/.zshrc; for fish into ~/.config/fish/completions/gpubox.fish.',
		)
		.addHelpText('after', '\nExample: source <(gpubox completion bash)')
		.action(async (shell) => {
			const {completion} = await import('./commands/completion.ts');
			completion(shell);
		});

	program
		.command('__complete', {hidden: true})
		.argument('[words...]')
		.action(async (words) => {
			const {printCandidates} = await import('./commands/completion.ts');
			await printCandidates(program, words);
		});

	program
		.command('demo')
		.summary('the session on a made-up host, with a tour')
		.description(
			'Opens the session on a made-up host with GPUs, boxes and images, and a tour that shows what to press. Nothing real is touched.',
		)
		.option('--scenario <name>', 'a made-up host of another kind: the name of one, or a file of your own')
		.addHelpText(
			'after',
			`\nScenarios: ${scenarioNames.join(', ')}\nExamples:\n  gpubox demo\n  gpubox demo --scenario mixed-cards\n  gpubox demo --scenario ./our-host.json`,
		)
		.action(async ({scenario}) => {
			const {openDemo} = await import('./commands/session.ts');
			await openDemo(scenario);
		});

	return program;
}

export async function runProgram(argv: string[]): Promise<void> {
	const program = makeProgram();
	for (const command of [program, ...program.commands]) {
		command.exitOverride((error) => {
			process.exit(error.exitCode === 0 ? exitCode.done : exitCode.usage);
		});
	}

	await program.parseAsync(argv);
}

/** For messages: where the engine was looked for. */
function hostAddress(host: string | undefined): string {
	try {
		return findEngineAddress(process.env, homedir(), host).url;
	} catch {
		// A context that does not exist has its own message.
		return host ?? 'the engine';
	}
}

/** What commander complains of, in the two lines in which every failure is told. */
function formatUsageError(text: string): string {
	const [first = '', ...rest] = text
		.replace(/^error: /, '')
		.trim()
		.split('\n')
		.map(safeText);
	const what = first.charAt(0).toUpperCase() + first.slice(1);
	const hints = [...rest.map((line) => line.replace(/^\((.*)\)$/, '$1')), 'What there is: gpubox --help'];
	return `gpubox: ${what.replace(/[^.!?]$/, '$&.')}\n  → ${hints.join(' ')}\n`;
}

function collect(value: string, previous: string[] | undefined): string[] {
	return [...(previous ?? []), value];
}

function toPort(text: string): number {
	const port = Number(text);
	if (!Number.isInteger(port) || port < 1 || port > 65_535) {
		throw new InvalidArgumentError('A port is a whole number from 1 to 65535.');
	}

	return port;
}

function toCount(text: string): number {
	const count = Number(text);
	if (!Number.isInteger(count) || count < 0) {
		throw new InvalidArgumentError('It takes a whole number.');
	}

	return count;
}

function toProcesses(text: string): number {
	const count = Number(text);
	// Fewer are not enough for a box to start.
	if (!Number.isInteger(count) || count < 16) {
		throw new InvalidArgumentError('It takes a whole number, 16 at least.');
	}

	return count;
}

function toPositive(text: string): number {
	const value = Number(text);
	if (!(Number.isFinite(value) && value > 0)) {
		throw new InvalidArgumentError('It takes a number above 0.');
	}

	return value;
}
