import {Argument, Command, type CommandUnknownOpts, Help, Option} from '@commander-js/extra-typings';
import {exitCode, Failure} from './base/failure.ts';
import {describeVersion} from './base/version.ts';
import {scenarioNames} from './demo/scenario-names.ts';
import {askAhead} from './engine/ahead.ts';
import {adviceForCommand, adviceForOption} from './familiar-words.ts';
import {thresholds} from './image/scan/finding.ts';
import {scannerNames} from './image/scan/scanner-names.ts';
import {targetFacts, targetNames} from './job/export/target-names.ts';
import {isPlaceName, placeLines, placeNames} from './job/place/place-names.ts';
import {shared} from './options.ts';
import {failureJson, wantsJson} from './run-verb.ts';
import type {Verb} from './session/index.tsx';
import {asksForOverview, readBeginning} from './start/command-line.ts';
import {mostSimilar} from './text/match/similar.ts';
import {safeText} from './text/safe.ts';
import {
	collect,
	toCount,
	toOneOrMore,
	toPort,
	toPositive,
	toProcessesPerNode,
	toShellNumber,
	verb,
	verbOf,
} from './verb.ts';

/*
All verbs. Descriptions begin with a verb, as a command. Each action loads its own code only, so that no verb pays for another.
*/

const up = () =>
	verb(
		new Command('up')
			.argument('[dir]', 'project folder', '.')
			.summary("start this project's box and show how to connect")
			.description(
				"Start the project's box, wait until its services respond and show how to connect. Run again, it finds the same box.",
			)
			.option('--jupyter', 'run Jupyter (default)')
			.option('--ssh', 'run an SSH server')
			.addOption(shared.image)
			.addOption(shared.gpus)
			.addOption(shared.shareGpus)
			.option('--name <name>', 'set the name of the box')
			.option('--port <port>', 'publish on exactly this port', toPort)
			.option('--bind <address>', 'publish on this address (default: 127.0.0.1, this machine only)')
			.addOption(shared.memory)
			.addOption(shared.cpus)
			.addOption(shared.shmSize)
			.addOption(shared.pidsLimit)
			.addOption(shared.mount)
			.addOption(shared.env)
			.addOption(shared.secret)
			.addOption(shared.secretEnv)
			.option('--sudo', 'allow sudo in the box')
			.option('--recreate', 'recreate the box with the options given now')
			.option('--exact', 'use an existing box only if it has these options, otherwise exit with 7')
			.option('--force', 'start the image even if it does not fit, after showing why')
			.addOption(shared.wait)
			.option('--no-wait', 'return before the services respond')
			.addOption(shared.for)
			.option('--open', 'open Jupyter in the browser')
			.option('--sync', 'copy the project to the host of --host first, after showing what')
			.option('-y, --yes', 'recreate the box even if it is in use; copy without asking')
			.addOption(shared.trust)
			.addOption(shared.dryRun)
			.option('--json', 'print JSON, including the token')
			.addHelpText('after', '\nExample: gpubox up --jupyter --gpus 2 --mount /data:/data:ro'),
		async ({args: [directory], options, words, signal}) => {
			const engine = await askAhead(options.host, signal, {image: options.image});
			return (await import('./commands/up.ts')).upCommand(
				{...options, directory},
				() => words(['sync']),
				signal,
				engine,
			);
		},
	);

const run = () =>
	verb(
		new Command('run')
			.argument('<command...>', 'the command and its arguments, after --')
			.summary("run a command in the project's environment")
			.description(
				"Run a command as a job: in the image of the project's box, with the same folders, limits and secrets, on GPUs of its own that it holds until it ends. A notebook is executed cell by cell, with its parameters after -p. Prints its output and exits with its exit code. Ctrl-C stops the job, d detaches. What it leaves is in runs/ of the project.",
			)
			.option('--nproc <n>', 'start it with torchrun: this many processes, or auto for one per GPU', toProcessesPerNode)
			.option('--strip-magics', 'skip magics and shell lines of a notebook that --nproc starts')
			.option('-d, --detach', 'run it in the background and print its name')
			.addOption(shared.gpus)
			.addOption(shared.shareGpus)
			.addOption(shared.wait)
			.option('--check', 'test its GPUs first; exits with 8 when they fail')
			.option('--locked', 'run only from gpubox.lock; exits with 8 when it is stale, with 2 without one')
			.option('--timeout <time>', 'stop it after this long, e.g. 8h')
			.option(
				'--stop-timeout <seconds>',
				'wait this many seconds for it to end when it is stopped (default: 120)',
				toCount,
			)
			.addOption(shared.for)
			.option('--name <name>', 'set the name of the run, which adds a number')
			.addOption(shared.image)
			.addOption(shared.memory)
			.addOption(shared.cpus)
			.addOption(shared.shmSize)
			.addOption(shared.pidsLimit)
			.addOption(shared.mount)
			.addOption(shared.env)
			.addOption(shared.secret)
			.addOption(shared.secretEnv)
			.option('--sudo', 'allow sudo in the job')
			.option('--artifacts <dir>', 'add the files that it writes in this folder to the manifest (repeatable)', collect)
			.option('--force', 'use the image even if it does not fit, after showing why')
			.addOption(shared.trust)
			.option('--on <place>', `run it elsewhere: ${placeNames.join(', ')}, another host, or any`)
			.option('--sync', 'copy the project to that host first, after showing what')
			.option('-y, --yes', 'use the host of --on any, and copy, without asking')
			.option('--nodes <n>', 'run on several nodes (with --on)', toOneOrMore)
			.option('--built <ref>', "use this image of the project's own, built and pushed (with --on)")
			.addOption(new Option('--with <program>', 'run containers with (slurm)').choices(['pyxis', 'apptainer'] as const))
			.option('--queue <name>', 'use this partition (slurm), or queue of Kueue (kubernetes)')
			.option('--runtime-class <name>', 'set the runtime class (kubernetes)')
			.option('--strict', 'start it only if everything is carried over (with --on)')
			.option('--dry-run', 'print the docker run command, or what --on would submit, instead of running it')
			.option('--json', 'print the run as JSON at the end; its output goes to stderr')
			.addHelpText(
				'after',
				`\nPlaces of --on:\n${placeLines.map((line) => `  ${line}`).join('\n')}\n  HOST        another host by ssh, as in gpubox hosts\n  any         the first host of your settings with free GPUs\n\nExamples:\n  gpubox run -- python train.py --lr 3e-4\n  gpubox run -- train.ipynb -p lr=3e-4\n  gpubox run --gpus 2 --nproc auto -- python train.py\n  gpubox run --detach --wait -- python train.py\n  gpubox run --on slurm --gpus 2 --timeout 8h -- python train.py`,
			),
		async ({args: [command], options: {on, ...options}, words, signal}) => {
			if (on !== undefined && isPlaceName(on)) {
				return (await import('./commands/run-on.ts')).runOn({...options, on, command}, signal);
			}

			const wordsThere = () => words(['on', 'sync', 'yes']);
			const run = async (host: string | undefined) => {
				const engine = await askAhead(host, signal, {image: options.image});
				return (await import('./commands/run.ts')).run({...options, host, command}, wordsThere, signal, engine);
			};
			return on === undefined
				? run(options.host)
				: (await import('./commands/on-host.ts')).runOnHost({...options, on}, wordsThere(), run, signal);
		},
	);

const runs = () =>
	verb(
		new Command('runs')
			.argument('[show]', '"show" for everything about one run')
			.argument('[run]', 'its name, or its number in this project; the last one here when missing')
			.summary('list your runs')
			.description('List your runs, the newest first, or show everything about one.')
			.option('-n, --last <n>', 'list this many of those that have ended (on a terminal: 20)', toCount)
			.option('-a, --all', 'list all, also on a terminal')
			.addOption(shared.wide)
			.addOption(shared.json)
			.addHelpText('after', '\nExamples:\n  gpubox runs\n  gpubox runs show 3'),
		async ({args: [show, name], options, words, signal}) =>
			(await import('./commands/runs.ts')).runs(show, name, options, verbOf(words), signal),
	);

const wait = () =>
	verb(
		new Command('wait')
			.argument('[run]', 'its name, or its number in this project; the last one here when missing')
			.summary('wait for a run and exit with its exit code')
			.description(
				'Wait until a run has ended and exit with its exit code. Of a run that has ended, the same code each time.',
			)
			.option('--json', 'print the run as JSON')
			.addHelpText('after', '\nExample: gpubox wait alice-train-3'),
		async ({args: [name], options, words, signal}) =>
			(await import('./commands/wait.ts')).wait(name, options, verbOf(words), signal),
	);

const ls = () =>
	verb(
		new Command('ls')
			.summary('list boxes')
			.description('List the boxes on this host, of all users.')
			.addOption(shared.wide)
			.addOption(shared.json)
			.addHelpText('after', '\nExample: gpubox ls'),
		async ({options, signal}) => {
			const engine = await askAhead(options.host, signal, {questions: ['boxes']});
			return (await import('./commands/ls.ts')).ls({...options, engine}, signal);
		},
	);

const stop = () =>
	verb(
		new Command('stop')
			.argument('[box...]')
			.summary('stop boxes')
			.description(
				"Stop boxes; without a name this folder's. Their processes get SIGTERM and have 30 seconds to exit. What is in use, or another user's, is asked about first.",
			)
			.option('--idle <time>', 'stop those of yours that have been idle for this long, e.g. 6h')
			.addOption(shared.skipQuestion)
			.addOption(shared.others)
			.addOption(shared.json)
			.addHelpText('after', '\nExamples:\n  gpubox stop alice-train\n  gpubox stop --idle 6h'),
		async ({args: [names], options, words, signal}) =>
			(await import('./commands/stop.ts')).stop(names, options, verbOf(words), signal),
	);

const reap = () =>
	verb(
		new Command('reap')
			.summary('stop idle boxes and those whose reservation has expired')
			.description(
				"Stop your boxes whose reservation (up --for) has expired, and those that hold a GPU and have been idle for idle.stopAfter. The first run writes a notice to the log of the box; a run after the grace period stops it. Root reaps everyone's boxes.",
			)
			.option('--all', "include everyone's boxes")
			.option('--grace <time>', 'wait this long between notice and stop', '10m')
			.option('-n, --dry-run', 'show what would be stopped')
			.option('--install', 'install a systemd timer that runs it every five minutes')
			.option('--uninstall', 'remove the timer')
			.addOption(new Option('--json', 'print JSON').conflicts(['install', 'uninstall']))
			.addHelpText('after', '\nExample: gpubox reap --install'),
		async ({options, signal}) => (await import('./commands/reap.ts')).reap(options, signal),
	);

const kernels = () =>
	verb(
		new Command('kernels')
			.argument('[box]')
			.summary('list the notebook kernels of a box')
			.description(
				'List the notebook kernels of your box. A kernel keeps its GPU memory until it is shut down; its variables are lost then, the notebook and the box stay.',
			)
			.option('--stop <id>', 'shut down the kernel whose id starts with this; "idle" for all idle ones')
			.option('-y, --yes', 'shut down a kernel that is computing without asking')
			.addOption(shared.wide)
			.addOption(shared.json)
			.addHelpText('after', '\nExample: gpubox kernels alice-train --stop idle'),
		async ({args: [name], options, signal}) => (await import('./commands/kernels.ts')).kernels(name, options, signal),
	);

const extend = () =>
	verb(
		new Command('extend')
			.argument('<box>')
			.argument('<time>', 'how much longer, e.g. 4h')
			.summary('add time to the reservation of a box')
			.description(
				'Add this long to the reservation (up --for) of your box; one that has expired begins now. The box goes on as it is.',
			)
			.addOption(shared.json)
			.addHelpText('after', '\nExample: gpubox extend alice-train 4h'),
		async ({args: [name, time], options, signal}) =>
			(await import('./commands/extend.ts')).extend(name, time, options, signal),
	);

const ask = () =>
	verb(
		new Command('ask')
			.argument('<box>')
			.argument('<text...>')
			.summary("write to the owner of another user's box")
			.description(
				"Write a question to the owner of another user's box: in its log, and as a notice that their next `gpubox ls` or their session shows.",
			)
			.addOption(shared.json)
			.addHelpText('after', '\nExample: gpubox ask bob-train "Do you still need GPU 3?"'),
		async ({args: [name, text], options, signal}) =>
			(await import('./commands/ask.ts')).ask(name, text, options, signal),
	);

const restart = () =>
	verb(
		new Command('restart')
			.argument('[box...]')
			.summary('stop and start boxes')
			.description(
				"Stop and start boxes, with the same address and token; without a name this folder's. What is in use, or another user's, is asked about first.",
			)
			.addOption(shared.skipQuestion)
			.addOption(shared.others)
			.addOption(shared.json)
			.addHelpText('after', '\nExample: gpubox restart alice-train'),
		async ({args: [names], options, signal}) => (await import('./commands/restart.ts')).restart(names, options, signal),
	);

const start = () =>
	verb(
		new Command('start')
			.argument('[box...]')
			.summary('start stopped boxes')
			.description("Start stopped boxes, with the same address and token as before; without a name this folder's.")
			.addOption(shared.json)
			.addHelpText('after', '\nExample: gpubox start alice-train'),
		async ({args: [names], options, signal}) => (await import('./commands/start.ts')).start(names, options, signal),
	);

const rm = () =>
	verb(
		new Command('rm')
			.argument('[box...]')
			.summary('remove boxes')
			.description(
				"Remove boxes, including running ones; without a name this folder's. The project folder and your home are kept.",
			)
			.addOption(shared.skipQuestion)
			.addOption(shared.others)
			.addOption(shared.json)
			.addHelpText('after', '\nExample: gpubox rm alice-train'),
		async ({args: [names], options, words, signal}) =>
			(await import('./commands/rm.ts')).rm(names, options, verbOf(words), signal),
	);

const logs = () =>
	verb(
		new Command('logs')
			.argument('[box]')
			.summary('print the log of a box or a run')
			.description(
				'Print the log of a box or a run. Without a name it is that of your box for this folder; where you have none, that of the last run here.',
			)
			.option('-f, --follow', 'follow the log')
			.option('-n, --tail <n>', 'print this many lines from the end', toCount)
			.option('--since <time>', 'print lines since a time, or for how long: 10m')
			.option('--json', 'print JSON, one object per line')
			.addHelpText('after', '\nExample: gpubox logs -f --tail 100 alice-train'),
		async ({args: [name], options, words, signal}) =>
			(await import('./commands/logs.ts')).logs(name, options, verbOf(words), signal),
	);

const attach = () =>
	verb(
		new Command('attach')
			.argument('[box]')
			.argument('[command...]')
			.summary('open a shell, or run a command, in a box')
			.description(
				'Open a shell in a box, or run a command there and exit with its exit code. Ctrl-P Ctrl-Q detaches. After that, or when the terminal or the connection was lost, attach returns to the same shell.',
			)
			.option('--new', 'open another shell instead of returning to one')
			.option('--shell <n>', 'open this shell, even if another terminal has it', toShellNumber)
			// As people type it for docker exec: there is a terminal whenever the caller has one.
			.addOption(new Option('-i, --interactive').hideHelp())
			.addOption(new Option('-t, --tty').hideHelp())
			.addHelpText('after', '\nExample: gpubox attach alice-train -- nvidia-smi'),
		async ({args: [name, command], options, signal}) =>
			(await import('./commands/attach.ts')).attach(name, command, options, signal),
	);

const ssh = () =>
	verb(
		new Command('ssh')
			.argument('[box]')
			.argument('[command...]')
			.summary('open a shell, or run a command, over SSH')
			.description(
				'Open a shell in a box over SSH, or run a command there and exit with its exit code. Your own ssh knows the box by the same name: ssh alice-train.',
			)
			.addHelpText('after', '\nExample: gpubox ssh alice-train -- nvidia-smi'),
		async ({args: [name, command], options, signal}) =>
			(await import('./commands/ssh.ts')).ssh(name, command, options, signal),
	);

const open = () =>
	verb(
		new Command('open')
			.argument('[box]')
			.summary('open Jupyter in the browser')
			.description("Open a box's Jupyter in the browser and print its URL with the token.")
			.option('--print', 'print the URL without opening it')
			.option('--json', 'print JSON, including the token; opens no browser')
			.addHelpText('after', '\nExample: gpubox open alice-train'),
		async ({args: [name], options, signal}) => (await import('./commands/open.ts')).open(name, options, signal),
	);

const gpus = () =>
	verb(
		new Command('gpus')
			.summary('list GPUs with their processes and boxes')
			.description('List the GPUs with their processes, and the box and user of each.')
			.option('-w, --watch', 'refresh every second')
			.addOption(shared.wide)
			.option('--json', 'print JSON; with --watch one object per line')
			.addHelpText('after', '\nExample: gpubox gpus --watch'),
		async ({options, invokedAs, signal}) => {
			const engine = await askAhead(options.host, signal, {questions: ['boxes']});
			const watch = invokedAs === 'top' ? true : options.watch;
			return (await import('./commands/gpus.ts')).gpus({...options, watch, engine}, signal);
		},
	);

const record = () =>
	verb(
		new Command('record')
			.argument('<file>')
			.summary('write what the GPUs do into a file, to replay it later')
			.description(
				'Write what the driver says of the GPUs and their processes into a file each second, until Ctrl-C, to look at it later: gpubox demo --replay FILE. The file is readable by you alone, and has at most 64 MiB.',
			)
			.option('--for <time>', 'stop after this long, e.g. 10m')
			.option('--force', 'overwrite a file that exists')
			.addOption(shared.json)
			.addHelpText('after', '\nExample: gpubox record gpus.jsonl --for 10m'),
		async ({args: [file], options, signal}) => (await import('./commands/record.ts')).record(file, options, signal),
	);

const hosts = () =>
	verb(
		new Command('hosts')
			.argument('[host...]', 'these instead of the setting hosts: ssh names, Docker contexts, or local')
			.summary('show several hosts side by side')
			.description(
				'Show the hosts of your settings side by side: free GPUs, driver, free disk, your boxes there, and whether gpubox.lock of this project fits. All are asked at the same time, for three seconds. What a host does not answer is shown as unknown, with the reason.',
			)
			.option('--timeout <seconds>', 'wait this long for answers (default: 3)', toPositive)
			.addOption(shared.wide)
			.addOption(shared.json)
			.addHelpText('after', '\nExamples:\n  gpubox hosts\n  gpubox hosts gpu2 alice@gpu3'),
		async ({args: [names], options, signal}) => (await import('./commands/hosts.ts')).hosts(names, options, signal),
	);

const images = () =>
	verb(
		new Command('images')
			.argument('[word...]', 'list only images whose name, framework or services contain these words')
			.summary('list images that fit this host, best first')
			.description(
				"List the images that fit this host's driver and GPUs, best first, with the reason for each: those on this host, then the best of each framework; and the age of your boxes' base images.",
			)
			.option('-a, --all', 'include all, with what would have to change for those that do not fit')
			.addOption(shared.wide)
			.addOption(shared.json)
			.addHelpText('after', '\nExamples:\n  gpubox images --all\n  gpubox images pytorch 2.8'),
		async ({args: [words], options, signal}) => {
			const engine = await askAhead(options.host, signal, {questions: ['info', 'boxes', 'images']});
			return (await import('./commands/images.ts')).images(words, {...options, engine}, signal);
		},
	);

const pull = () =>
	verb(
		new Command('pull')
			.argument('<ref>')
			.summary('pull an image, with progress')
			.description('Pull an image and show each layer, the speed and the time left. Interrupted downloads resume.')
			.option('--force', 'pull even if disk space is too low')
			.addOption(shared.json)
			.addHelpText('after', '\nExample: gpubox pull pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime'),
		async ({args: [reference], options, signal}) =>
			(await import('./commands/pull.ts')).pull(reference, options, signal),
	);

const doctor = () =>
	verb(
		new Command('doctor')
			.summary('check this host, from the GPU to a container')
			.description(
				'Check every layer from the GPU to a container that uses it; for each failed check, show why it matters and how to fix it. Exit with 8 when a check fails.',
			)
			.option('--fix', 'apply safe fixes after showing them')
			.option('-y, --yes', 'skip the confirmation of --fix')
			.option('--deep', 'pull a small image to test a container when there is none here')
			.addOption(shared.json)
			.addHelpText('after', '\nExample: gpubox doctor --fix'),
		async ({options, signal}) => (await import('./commands/doctor.ts')).doctor(options, signal),
	);

const check = () =>
	verb(
		new Command('check')
			.argument('[box|image]', "a box or an image on this host (default: this project's)")
			.summary('check that PyTorch can use the GPUs')
			.description(
				'Check that PyTorch sees each GPU, moves a tensor to it and multiplies matrices there as the CPU does, and that several GPUs add up a tensor together. An image is tested in a container of its own, on free GPUs. Exit with 8 unless everything works.',
			)
			.option('--gpus <gpus>', 'test an image on these GPUs: all, a count, indexes (0,2) or UUIDs')
			.option('--share-gpus', 'test an image on GPUs that others use, too')
			.option('--print', 'print the Python script, which needs only PyTorch: python check.py, in any image or CI job')
			.addOption(shared.json)
			.addHelpText('after', '\nExamples:\n  gpubox check alice-train\n  gpubox check --print > check.py'),
		async ({args: [name], options, signal}) => (await import('./commands/check.ts')).check(name, options, signal),
	);

const convert = () =>
	verb(
		new Command('convert')
			.argument('<notebook>')
			.summary('write a notebook as a script')
			.description(
				"Write a notebook as a script, with nbconvert in the project's image. Magics and shell lines (%matplotlib, !pip) are not Python; they are shown with their lines, and nothing is written.",
			)
			.option('-o, --output <file>', "write to this file instead of the notebook's name with .py; - prints it")
			.option('--strip-magics', 'skip magics and shell lines; they stay as comments')
			.option('--force', 'overwrite the file')
			.addOption(shared.json)
			.addHelpText('after', '\nExample: gpubox convert train.ipynb -o train.py'),
		async ({args: [notebook], options, signal}) =>
			(await import('./commands/convert.ts')).convert(notebook, options, signal),
	);

const lock = () =>
	verb(
		new Command('lock')
			.argument('[dir]', 'project folder', '.')
			.summary('write the exact image and packages to gpubox.lock')
			.description(
				'Write gpubox.lock beside gpubox.yaml: the digest of the image, the versions of Python, PyTorch and CUDA and of every package inside, and the oldest driver. `up` then starts exactly this. Nothing in it depends on this host; locking an unchanged project again changes nothing. Commit it.',
			)
			.option('--upgrade', 'pull the image and install the packages again instead of keeping to the lock')
			.option('--json', 'print the lock as JSON')
			.addHelpText('after', '\nExample: gpubox lock'),
		async ({args: [directory], options, signal}) =>
			(await import('./commands/lock.ts')).lock({...options, directory}, signal),
	);

const verify = () =>
	verb(
		new Command('verify')
			.argument('[box]', "a running box (default: this project's, else its image)")
			.summary('check gpubox.lock against image, box and driver')
			.description(
				'Check gpubox.lock against gpubox.yaml, the image on this host, the running box and the driver, and show each difference with what fixes it. Exit with 8 when something differs; notes do not count.',
			)
			.addOption(new Option('--allow <what>', 'accept other packages').choices(['packages'] as const))
			.addOption(new Option('--image <ref>', 'check this image, built on the locked one, instead of a box'))
			.option('--remote', 'include the registry: whether it has the locked image, and what the name means now')
			.addOption(shared.json)
			.addHelpText('after', '\nExample: gpubox verify'),
		async ({args: [name], options, signal}) => (await import('./commands/verify.ts')).verify(name, options, signal),
	);

const config = () =>
	verb(
		new Command('config')
			.argument('[key]')
			.argument('[value]')
			.summary('show or change your defaults')
			.description(
				"Show or change your personal defaults. A project's gpubox.yaml and command-line options override them; --show-origin shows where each value comes from.",
			)
			.option('--unset', 'remove the value')
			.option('--show-origin', 'show the values in effect in this folder and where each is set')
			.option('--schema', 'print the JSON Schema of gpubox.yaml, for editors')
			.addOption(shared.wide)
			.addOption(shared.json)
			.addHelpText(
				'after',
				'\nExamples:\n  gpubox config limits.memory 64g\n  gpubox config services jupyter,ssh\n  gpubox config --show-origin',
			),
		async ({args: [key, value], options}) => (await import('./commands/config.ts')).config(key, value, options),
	);

const init = () =>
	verb(
		new Command('init')
			.argument('[dir]', 'project folder', '.')
			.summary('create a gpubox.yaml after a few questions')
			.description(
				'Create a gpubox.yaml: inspect the host, ask what the project needs, show the plan, write the file and start the box. Options answer questions in advance. Nothing is written before you agree; an interrupted run resumes from the saved answers. In the session, the key n does the same.',
			)
			.addOption(
				new Option('--use <use>', 'set what the project is for').choices(['notebook', 'editor', 'training'] as const),
			)
			.addOption(shared.gpus)
			.option('--data <folder>', 'mount this data folder read-only at /data')
			.option('--no-data', 'mount no data folder')
			.addOption(shared.image)
			.option('--name <name>', "set the project's name; its boxes are called USER-NAME")
			.option('--start', 'start the box afterwards')
			.option('--no-start', 'write the file without starting the box')
			.option('-y, --yes', 'accept the suggestions without asking')
			.option('--force', 'overwrite an existing gpubox.yaml')
			.addOption(shared.json)
			.addHelpText('after', '\nExample: gpubox init --use notebook --gpus 1 --data /data/imagenet'),
		async ({args: [directory], options, signal}) =>
			(await import('./commands/init.ts')).init({...options, directory}, signal),
	);

const exportVerb = () =>
	verb(
		new Command('export')
			.addArgument(new Argument('<target>', 'what to write (see below)').choices(targetNames))
			.argument('[command...]', 'what the job runs; without one the project is exported as a box')
			.summary('write the project as a file for CI, a cluster or another host')
			.description(
				"Write the project's job, or its box, as the file that another place understands. What the place cannot do is listed in the file and on stderr. Your personal defaults are left out.",
			)
			.option('-o, --output <path>', 'write to this file, or to its usual place in this folder (default: stdout)')
			.option('--image <ref>', 'use this image instead of the one of gpubox.yaml')
			.option('--built <ref>', 'use this image, built from the exported Dockerfile: packages and code are in it')
			.option('--gpus <gpus>', 'request GPUs on each node: none, or a count')
			.option(
				'--nproc <n>',
				'start this many processes on each node with torchrun; auto: one for each GPU',
				toProcessesPerNode,
			)
			.option('--nodes <n>', 'run on several nodes (kubernetes, slurm)', toOneOrMore)
			.addOption(shared.memory)
			.addOption(shared.cpus)
			.addOption(shared.shmSize)
			.addOption(shared.pidsLimit)
			.option('--user <uid:gid>', 'run as this user (default: 1000:1000, or whoever starts it)')
			.addOption(shared.mount)
			.addOption(shared.env)
			.option('--secret <name>', 'include a secret, which the job reads from /run/secrets/NAME (repeatable)', collect)
			.option('--secret-env <name>', 'include a secret that is also an environment variable (repeatable)', collect)
			.option('--artifacts <path>', 'return these results, e.g. runs (repeatable)', collect)
			.option('--timeout <time>', 'stop the job after this long, e.g. 12h')
			.option('--stop-timeout <time>', 'wait this long after SIGTERM (default: 120s)')
			.addOption(
				new Option('--with <program>', 'run containers on Slurm with').choices(['pyxis', 'apptainer'] as const),
			)
			.option('--queue <name>', 'use this queue of Kueue (kubernetes), or this partition (slurm)')
			.option('--runtime-class <name>', 'set the runtime class (kubernetes)')
			.option(
				'--runner <label>',
				'run on machines with this label or tag (CI, repeatable; default with GPUs: gpu)',
				collect,
			)
			.option('--no-check', 'skip the check of the GPUs before the job (CI)')
			.option('--strict', 'return 1 if something is not carried over')
			.option('--force', 'overwrite files that have other content')
			.option('--json', 'print JSON: files, and what is not carried over')
			.addHelpText(
				'after',
				`\nTargets:\n${targetNames.map((name) => `  ${name.padEnd(15)} ${targetFacts[name].summary}`).join('\n')}\n\nExamples:\n  gpubox export compose -o . -- python train.py\n  gpubox export slurm --gpus 2 --nproc auto --timeout 12h -- python train.py`,
			),
		async ({args: [target, command], options}) =>
			(await import('./commands/export.ts')).exportCommand(target, command, options),
	);

const push = () =>
	verb(
		new Command('push')
			.argument('[command...]', 'what the image runs on its own; without one it is a box with Jupyter')
			.summary('build the project as an image and push it to its registry')
			.description(
				'Build the image that `export dockerfile` describes, with packages and code, push it to `registry` of gpubox.yaml with the login that Docker has, and print its digest. gpubox.lock gets the digest: exports for clusters and CI then name that image.',
			)
			.option('--registry <registry>', 'push there instead, e.g. registry.example/team')
			.option('--tag <tag>', 'use this tag (default: the commit, or latest)')
			.option('--user <uid:gid>', 'set the user of the image (default: 1000:1000)')
			.addOption(shared.json)
			.addHelpText('after', '\nExamples:\n  gpubox push\n  gpubox push --tag v3 -- python train.py'),
		async ({args: [command], options, signal}) => (await import('./commands/push.ts')).push(command, options, signal),
	);

const scan = () =>
	verb(
		new Command('scan')
			.argument('[box|image]', "a box or an image on this host (default: this project's)")
			.summary('list known vulnerabilities of an image')
			.description(
				'List the known vulnerabilities of an image and of the base below it, with trivy, grype or clairctl, whichever is installed. A scan of an image counts for a day.',
			)
			.addOption(new Option('--fail-on <severity>', 'return 8 for this severity or a worse one').choices(thresholds))
			.option('--sbom <file>', 'write what gpubox put on the base as CycloneDX JSON; alone it needs no scanner')
			.addOption(new Option('--scanner <name>', 'use this one').choices(scannerNames))
			.option('--fresh', 'scan again, even if there is a scan of the last day')
			.option('-a, --all', 'include those that are low or negligible')
			.addOption(shared.wide)
			.addOption(shared.json)
			.addHelpText(
				'after',
				'\nExamples:\n  gpubox scan alice-train --fail-on high\n  gpubox scan --sbom added.cdx.json',
			),
		async ({args: [name], options, signal}) => (await import('./commands/scan.ts')).scan(name, options, signal),
	);

const refresh = () =>
	verb(
		new Command('refresh')
			.argument('[dir]', 'project folder', '.')
			.summary('refresh gpubox.lock from the newest build of its image')
			.description(
				'Pull what the locked name means in its registry now, build the layers of gpubox on it beside the old ones, check that PyTorch works on the free GPUs, show what differs from the lock, and lock it if you agree. If the check fails, nothing changes and the exit code is 8. Boxes stay as they are until they are recreated.',
			)
			.option('--back', 'return to what was locked before')
			.option('-n, --dry-run', 'show what would change')
			.option('-y, --yes', 'skip the confirmation')
			.option('--json', 'print JSON')
			.addHelpText('after', '\nExamples:\n  gpubox refresh\n  gpubox refresh --back'),
		async ({args: [directory], options, signal}) =>
			(await import('./commands/refresh.ts')).refresh({...options, directory}, signal),
	);

const disk = () =>
	verb(
		new Command('disk')
			.summary('show what images, caches, stopped boxes and runs take on the disk')
			.description(
				"Show what images, your caches, stopped boxes and your runs take on the disk, who uses them and when they were last used. --prune removes layers that gpubox built and that no container uses; it never touches another image, a box, or anyone's files.",
			)
			.option('--prune', 'show what would be removed, and remove it if you agree')
			.option('-y, --yes', 'skip the confirmation')
			.option('--wide', 'print all columns in full, however wide the terminal')
			.option('--json', 'print JSON')
			.addHelpText('after', '\nExamples:\n  gpubox disk\n  gpubox disk --prune'),
		async ({options, signal}) => (await import('./commands/disk.ts')).disk(options, signal),
	);

const trust = () =>
	verb(
		new Command('trust')
			.argument('[dir]', 'project folder', '.')
			.summary('review what a project asks for')
			.description(
				"Review what a project's gpubox.yaml asks for beyond an image, GPUs, limits and packages (folders outside the project, secrets, commands, keys …), and save your answer. The answer covers exactly what is shown; anything new is asked about again.",
			)
			.option('-y, --yes', 'agree without asking')
			.option('--forget', 'withdraw the answer')
			.option('--json', 'print JSON, without asking or saving')
			.addHelpText('after', '\nExample: gpubox trust'),
		async ({args: [directory], options, signal}) =>
			(await import('./commands/trust.ts')).trust({...options, directory}, signal),
	);

const completion = () => {
	const command = new Command('completion')
		.addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish'] as const))
		.summary('print shell completion')
		.description(
			'Print a script that completes verbs, options, boxes and images. Add it to ~/.bashrc or ~/.zshrc; for fish, save it as ~/.config/fish/completions/gpubox.fish.',
		)
		.addHelpText('after', '\nExample: source <(gpubox completion bash)');
	return command.action(async (shell) => {
		(await import('./commands/completion/command.ts')).completion(shell);
	});
};

const demo = () => {
	const command = new Command('demo')
		.summary('open the session on a demo host, with a tour')
		.description(
			'Open the session on a simulated host with GPUs, boxes and images, and a tour of the keys. Nothing real is changed.',
		)
		.option('--scenario <name>', 'simulate another host: a name from the list below, or a file')
		.addOption(new Option('--replay <file>', 'show what `gpubox record` wrote').conflicts('scenario'))
		.addHelpText(
			'after',
			`\nScenarios:\n${scenarioNames.map((name) => `  ${name}`).join('\n')}\n\nExamples:\n  gpubox demo\n  gpubox demo --scenario mixed-cards\n  gpubox demo --scenario ./our-host.json\n  gpubox demo --replay gpus.jsonl`,
		);
	return command.action(async (shown) => {
		const {openDemo} = await import('./commands/session.ts');
		await openDemo(shown, {readOnly: command.parent?.opts().readOnly === true, loadVerbs});
	});
};

/** As `--help` lists them, under its headings. */
const groups: Record<string, Record<string, () => CommandUnknownOpts>> = {
	Boxes: {up, ls, attach, ssh, open, logs, stop, start, restart, rm, kernels},
	Jobs: {run, runs, wait, convert},
	Host: {gpus, hosts, check, doctor, disk, record},
	Sharing: {extend, ask, reap},
	Images: {images, pull, scan, push},
	Project: {init, trust, lock, verify, refresh, export: exportVerb},
	gpubox: {config, completion, demo},
};

const verbs = Object.values(groups).flatMap(Object.keys);

/** Names that other tools have for the same. Where a verb has an option of that meaning, the name stands for both. */
const otherNames: Record<string, {aliases: string[]; stands?: string}> = {
	ls: {aliases: ['ps', 'list', 'status']},
	attach: {aliases: ['exec', 'shell']},
	stop: {aliases: ['down']},
	gpus: {aliases: ['top'], stands: 'gpus --watch'},
};

function tellOtherNames(): string {
	return Object.entries(otherNames)
		.map(([name, {aliases, stands = name}]) => `  ${aliases.join(', ').padEnd(18)}${stands}`)
		.join('\n');
}

/** @param only the one verb that is called, so that the others need not be declared */
export function makeProgram(only?: string): CommandUnknownOpts {
	const program: CommandUnknownOpts = new Command('gpubox')
		.description('Manage the GPUs of a workstation: start a Jupyter or SSH box on an image that fits them.')
		.version(describeVersion(), '-V, --version', 'print the version, the commit and the build')
		.helpOption('-h, --help', 'show help')
		.commandsGroup('gpubox:')
		.helpCommand('help [command]', 'show help for a command')
		// The entry answers it, so that nothing else has to be loaded.
		.option('--licenses', 'print the licenses of gpubox and everything in it')
		.option('--read-only', 'open the session so that nothing can be changed')
		.option(
			'--host <host>',
			"use another workstation: a Docker context's name, ssh://user@machine, or a name of the setting hosts",
		)
		.configureOutput({outputError: (text, write) => write(formatUsageError(text))})
		// What a verb takes is told by its own help. Here it would leave what the verb does no room on a narrow terminal.
		.configureHelp({subcommandTerm: (command) => command.name()})
		.addHelpText(
			'after',
			`\nOther names:\n${tellOtherNames()}\n\nWithout a command, gpubox opens the terminal session.\nHelp for a command: gpubox up --help\nExample: gpubox up --jupyter`,
		);
	for (const [group, members] of Object.entries(groups)) {
		for (const [, make] of Object.entries(members).filter(([name]) => only === undefined || only === name)) {
			const command = make().copyInheritedSettings(program).helpGroup(`${group}:`);
			program.addCommand(command.aliases(otherNames[command.name()]?.aliases ?? []));
		}
	}

	program.addCommand(
		verb(new Command('__follow').argument('<run>'), async ({args: [name], options}) =>
			(await import('./commands/follow.ts')).follow(name, options),
		).copyInheritedSettings(program),
		{hidden: true},
	);
	program
		.command('__complete', {hidden: true})
		.argument('[words...]')
		.action(async (words) => {
			const {printCandidates} = await import('./commands/completion/command.ts');
			await printCandidates(program, words as string[]);
		});

	return program;
}

/** The verbs as the palette of the session lists them, in the order of `--help`. */
export async function loadVerbs(): Promise<Verb[]> {
	const help = new Help();
	return makeProgram()
		.commands.filter((command) => command.name() !== 'help' && !command.name().startsWith('__'))
		.map((command) => ({
			name: command.name(),
			aliases: command.aliases(),
			summary: command.summary(),
			usage: help
				.commandUsage(command)
				.replace(/^.*?\[options\] ?/, '')
				.trim(),
		}));
}

/** @param onVerb called when the command line calls a verb that there is */
export async function runProgram(argv: string[], onVerb: () => void): Promise<void> {
	const called = calledVerb(argv);
	const {word} = readBeginning(argv.slice(2));
	if (called !== undefined || word?.startsWith('__') || asksForOverview(word)) {
		onVerb();
	}

	const program = makeProgram(called);
	for (const command of [program, ...program.commands]) {
		command.exitOverride((error) => {
			process.exit(error.exitCode === 0 ? exitCode.done : exitCode.usage);
		});
	}

	refuseUnknownHelp(program, argv);
	// A `--json` of the command for a box is not the program's.
	process.argv = asDockerRun(asDockerExec(asPlainConfig(argv)), program);
	await program.parseAsync(process.argv);
}

/** commander answers it with the whole help, as if that were what is wrong. */
function refuseUnknownHelp(program: CommandUnknownOpts, argv: readonly string[]): void {
	const [word, asked] = argv.slice(2);
	const names = program.commands.flatMap((command) => [command.name(), ...command.aliases()]);
	if (word === 'help' && asked !== undefined && !asked.startsWith('-') && !names.includes(asked) && asked !== 'help') {
		const similar = mostSimilar(asked, names);
		program.error(`error: unknown command '${asked}'${similar === undefined ? '' : `\n(Did you mean ${similar}?)`}`);
	}
}

/**
The verb that a command line calls, by its own name. Undefined where the other verbs may be needed too: for help, completion, or a
mistake.
*/
export function calledVerb(argv: readonly string[]): string | undefined {
	const {word = ''} = readBeginning(argv.slice(2));
	return verbs.find((name) => name === word || otherNames[name]?.aliases.includes(word));
}

/** Where the verb stands among the words of a process, -1 without one: behind the options of the program. */
function placeOfVerb(argv: readonly string[]): number {
	return argv.findIndex((word, place) => place > 1 && !(word.startsWith('-') || argv[place - 1] === '--host'));
}

/**
`config set KEY VALUE`, as with git, npm and conda: no setting has the name of one of these words.

@param argv as the process has it, the program in the first two places
*/
export function asPlainConfig(argv: readonly string[]): string[] {
	const verb = placeOfVerb(argv);
	const word = argv[verb + 1] ?? '';
	if (argv[verb] !== 'config' || !['get', 'set', 'unset', 'list'].includes(word)) {
		return [...argv];
	}

	return [...argv.slice(0, verb + 1), ...argv.slice(verb + 2), ...(word === 'unset' ? ['--unset'] : [])];
}

/**
`exec BOX COMMAND…` as docker takes it: what follows the box belongs to the command, options too.

@param argv as the process has it, the program in the first two places
*/
export function asDockerExec(argv: readonly string[]): string[] {
	const words = argv.slice(2);
	const verb = placeOfVerb(argv) - 2;
	const box = words.findIndex((word, index) => index > verb && !word.startsWith('-'));
	const isExec = words[verb] === 'exec' && box > 0 && !words.slice(0, box + 2).includes('--');
	return isExec ? [...argv.slice(0, box + 3), '--', ...argv.slice(box + 3)] : [...argv];
}

/**
`run [OPTION…] COMMAND…` as docker takes it: the first word that is not an option begins the command, and what follows belongs to it.

@param argv as the process has it, the program in the first two places
@param program with its options and those of the verb
*/
export function asDockerRun(argv: readonly string[], program: CommandUnknownOpts): string[] {
	const command = program.commands.find((each) => each.name() === 'run');
	const verbAt = placeOfVerb(argv);
	if (command === undefined || argv[verbAt] !== 'run') {
		return [...argv];
	}

	const known = [...command.options, ...program.options];
	for (let place = verbAt + 1; place < argv.length; place++) {
		const word = argv[place] ?? '';
		if (!word.startsWith('-')) {
			return [...argv.slice(0, place), '--', ...argv.slice(place)];
		}

		const option = known.find(({short, long}) => word === short || word === long);
		if (word === '--' || (option === undefined && !word.includes('='))) {
			return [...argv];
		}

		place += option?.required ? 1 : 0;
	}

	return [...argv];
}

/** What commander complains of, in the two lines in which every failure is told. */
function formatUsageError(text: string): string {
	const [first = '', ...rest] = text
		.replace(/^error: /, '')
		.trim()
		.split('\n')
		.map(safeText);
	const what = first.charAt(0).toUpperCase() + first.slice(1);
	const called = calledVerb(process.argv);
	const help = `What there is: gpubox ${called === undefined ? '' : `${called} `}--help`;
	const advice = adviceFor(first, called);
	// What looks similar is a guess; where a word of another tool is known, it is not what was meant.
	const hints = advice === undefined ? [...rest.map((line) => line.replace(/^\((.*)\)$/, '$1')), help] : [advice];
	if (wantsJson(process.argv)) {
		const failure = new Failure(what.replace(/[^.!?]$/, '$&.'), {fix: hints.join(' '), exitCode: exitCode.usage});
		return `${failureJson(failure)}\n`;
	}

	return `gpubox: ${what.replace(/[^.!?]$/, '$&.')}\n  → ${hints.join(' ')}\n`;
}

function adviceFor(complaint: string, verb: string | undefined): string | undefined {
	if (verb === undefined) {
		const [, command] = /^unknown command '(.+?)'/.exec(complaint) ?? [];
		return command === undefined ? undefined : adviceForCommand(command);
	}

	const [, option] = /^unknown option '(.+?)'/.exec(complaint) ?? [];
	if (option !== undefined) {
		return adviceForOption(verb, option);
	}

	if (complaint.startsWith('missing required argument')) {
		const command = makeProgram(verb).commands.find((each) => each.name() === verb);
		return command && `${new Help().commandUsage(command)}. For examples: gpubox ${verb} --help`;
	}

	return undefined;
}
