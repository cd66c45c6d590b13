import type {StoryName} from './scenario.ts';

/** The output of the programs in simulated boxes. The same number always gives the same line; undefined means no output. */
export type Story = (line: number, at: Date) => string | undefined;

/** A number from 0 to 1 that looks random and is the same each time. */
function accident(seed: number): number {
	const mixed = Math.sin(seed * 12.9898) * 43_758.5453;
	return mixed - Math.floor(mixed);
}

const stamp = (at: Date) => at.toISOString().slice(0, 23).replace('T', ' ');

/** A training, with the end of an epoch now and then. */
const training: Story = (line) => {
	const step = 18_400 + line * 10;
	const epoch = Math.floor(step / 5200) + 1;
	const loss = 1.72 + 1.4 / Math.sqrt(1 + line / 40) + accident(line) * 0.06;
	if (line % 40 === 39) {
		return `\u001B[32m[eval]\u001B[0m epoch ${epoch}  perplexity ${(Math.exp(loss) / 1.1).toFixed(2)}  checkpoint saved to out/step-${step}`;
	}

	const speed = Math.round(188_000 + accident(line + 7) * 6000).toLocaleString('en-US');
	return `epoch ${epoch}  step ${step % 5200}/5200  loss ${loss.toFixed(4)}  lr 2.9e-04  ${speed} tok/s`;
};

/** A model being served. */
const serving: Story = (line, at) => {
	const running = Math.round(accident(line) * 24);
	const prompt = (accident(line + 3) * 4200).toFixed(1);
	const generated = (running * 61.7 + accident(line + 5) * 80).toFixed(1);
	return `INFO ${stamp(at).slice(5, 19)} Avg prompt throughput: ${prompt} tokens/s, Avg generation throughput: ${generated} tokens/s, Running: ${running} reqs, Waiting: 0 reqs, GPU KV cache usage: ${(accident(line + 9) * 40).toFixed(1)}%`;
};

/** Jupyter's log while someone works: most of the time it is silent. */
const notebook: Story = (line, at) => {
	if (accident(line + 11) > 0.3) {
		return undefined;
	}

	const time = stamp(at);
	const kernel = '5f0c2a1e-8d34-4b7f-9a54-6f2f9b7d1c3e';
	const lines = [
		`\u001B[32m[I ${time} ServerApp]\u001B[0m Saving file at /explore.ipynb`,
		`\u001B[32m[I ${time} ServerApp]\u001B[0m Kernel started: ${kernel}`,
		`\u001B[33m[W ${time} ServerApp]\u001B[0m Got events for closed stream <zmq.eventloop.zmqstream.ZMQStream>`,
		`\u001B[32m[I ${time} ServerApp]\u001B[0m Connecting to kernel ${kernel}.`,
		`\u001B[32m[I ${time} ServerApp]\u001B[0m Saving file at /features.ipynb`,
	];
	return lines[Math.floor(accident(line) * lines.length)] ?? '';
};

/** A box without output. */
export const quiet: Story = () => undefined;

type Stories = {past: Story; now: Story /** Since when there has been nothing to say. */; restingHours: number};

const goingOn = (story: Story): Stories => ({past: story, now: story, restingHours: 0});

/** The existing lines of a log, and how it continues. */
export const stories: Record<StoryName, Stories> = {
	training: goingOn(training),
	serving: goingOn(serving),
	notebook: goingOn(notebook),
	/** A notebook that no one has used for a while. */
	resting: {past: notebook, now: quiet, restingHours: 3},
	quiet: goingOn(quiet),
};

/** PyTorch's error when its card is gone. */
export const cudaError = [
	'torch.AcceleratorError: CUDA error: unspecified launch failure',
	'CUDA kernel errors might be asynchronously reported at some other API call.',
	'\u001B[31mRuntimeError: the GPU worker died unexpectedly\u001B[0m',
];

/** What a program that failed leaves behind. */
export const lastWords = [
	'Traceback (most recent call last):',
	'  File "/workspace/serve.py", line 88, in <module>',
	'    index = load_index(arguments.index)',
	"\u001B[31mFileNotFoundError: [Errno 2] No such file or directory: 'out/index-0007.bin'\u001B[0m",
];

/** What Jupyter writes when it starts. */
export function jupyterStart(at: Date, port: number | undefined): string[] {
	const head = `\u001B[32m[I ${stamp(at)} ServerApp]\u001B[0m`;
	return [
		`${head} jupyterlab | extension was successfully loaded.`,
		`${head} notebook | extension was successfully loaded.`,
		`${head} Serving notebooks from local directory: /workspace`,
		`${head} Jupyter Server 2.17.0 is running at:`,
		`${head} http://127.0.0.1:${port ?? 8888}/lab`,
		`${head} Use Control-C to stop this server and shut down all kernels (twice to skip confirmation).`,
	];
}

/** What a build prints while Jupyter and sshd are added to an image. */
export const buildLines = [
	'Step 1/5 : ARG BASE',
	'Step 2/5 : FROM pytorch',
	'Step 3/5 : COPY install /tmp/install',
	'Step 4/5 : RUN /tmp/install',
	'Collecting jupyterlab',
	'  Downloading jupyterlab-4.6.4-py3-none-any.whl (12.4 MB)',
	'Collecting jupyter-server>=2.21',
	'  Downloading jupyter_server-2.21.1-py3-none-any.whl (391 kB)',
	'Installing collected packages: jupyter-server, jupyterlab',
	'Successfully installed jupyter-server-2.21.1 jupyterlab-4.6.4',
	'Setting up openssh-server ...',
	'Step 5/5 : LABEL gpubox.derived=true',
	'Successfully built',
];
