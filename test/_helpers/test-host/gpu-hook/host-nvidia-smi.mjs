/**
The test host's nvidia-smi: what gpubox finds on the PATH of the person who calls it. It knows the cards in the file that is its
first argument, all of them idle.
*/
import {readFileSync} from 'node:fs';

const [file, ...words] = process.argv.slice(2);
const gpus = readFileSync(file, 'utf8')
	.split('\n')
	.filter((line) => line !== '')
	.map((line) => {
		const [index, uuid, name] = line.split(', ');
		return {index, uuid, name};
	});

const driver = '575.57.08';
const cuda = '12.9';

const values = {
	index: ({index}) => index,
	uuid: ({uuid}) => uuid,
	name: ({name}) => name,
	'pci.bus_id': ({index}) => `00000000:0${Number(index) + 1}:00.0`,
	driver_version: () => driver,
	compute_cap: () => '8.6',
	count: () => String(gpus.length),
	timestamp: () => '2026/01/01 00:00:00.000',
	'memory.total': () => '49140 MiB',
	'memory.used': () => '1 MiB',
	'memory.free': () => '48671 MiB',
	'utilization.gpu': () => '0 %',
	'utilization.memory': () => '0 %',
	'temperature.gpu': ({index}) => String(30 + Number(index)),
	'power.draw': () => '21.50 W',
	'power.draw.instant': () => '21.50 W',
	'power.limit': () => '300.00 W',
	'enforced.power.limit': () => '300.00 W',
	'clocks.current.sm': () => '210 MHz',
	'clocks.current.memory': () => '405 MHz',
	'fan.speed': () => '30 %',
	pstate: () => 'P8',
	'mig.mode.current': () => '[N/A]',
	persistence_mode: () => 'Enabled',
	'ecc.mode.current': () => 'Disabled',
	display_active: () => 'Disabled',
	addressing_mode: () => 'None',
};

const option = (name) => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
const number = (name) => (words.includes(name) ? Number(words[words.indexOf(name) + 1]) : undefined);
const print = (text) => process.stdout.write(text);

const query = option('--query-gpu');
if (words.includes('-L') || words.includes('--list-gpus')) {
	print(gpus.map(({index, uuid, name}) => `GPU ${index}: ${name} (UUID: ${uuid})\n`).join(''));
} else if (words.includes('--help-query-gpu')) {
	print(
		`List of valid properties to query for the switch "--query-gpu":\n\n${Object.keys(values)
			.map((field) => `"${field}"\nA property.\n\n`)
			.join('')}`,
	);
} else if (option('--query-compute-apps') !== undefined) {
	loop(() => {});
} else if (words.includes('--version')) {
	print(
		`NVIDIA-SMI version  : ${driver}\nNVML version        : 575.57\nDRIVER version      : ${driver}\nCUDA Version        : ${cuda}\n`,
	);
} else if (query !== undefined) {
	const fields = query.split(',').map((field) => field.trim());
	const unknown = fields.find((field) => !Object.hasOwn(values, field));
	if (unknown !== undefined) {
		print(`Field "${unknown}" is not a valid field to query.\n`);
		process.exit(2);
	}

	const format = (option('--format') ?? '').split(',');
	const cell = (text) => (format.includes('nounits') ? text.replace(/ (?:MiB|%|W|MHz)$/, '') : text);
	if (!format.includes('noheader')) {
		print(`${fields.join(', ')}\n`);
	}

	loop(() => {
		print(gpus.map((gpu) => `${fields.map((field) => cell(values[field](gpu))).join(', ')}\n`).join(''));
	});
} else if (words.includes('-q')) {
	print(
		words.includes('-x')
			? `<?xml version="1.0" ?>\n<nvidia_smi_log>\n\t<driver_version>${driver}</driver_version>\n\t<cuda_version>${cuda}</cuda_version>\n\t<attached_gpus>${gpus.length}</attached_gpus>\n${gpus
					.map(
						({index, uuid, name}) =>
							`\t<gpu id="00000000:0${Number(index) + 1}:00.0">\n\t\t<product_name>${name}</product_name>\n\t\t<product_brand>NVIDIA RTX</product_brand>\n\t\t<uuid>${uuid}</uuid>\n\t</gpu>\n`,
					)
					.join('')}</nvidia_smi_log>\n`
			: `Driver Version                            : ${driver}\nCUDA Version                              : ${cuda}\n`,
	);
} else {
	print(`| NVIDIA-SMI ${driver}              Driver Version: ${driver}      CUDA Version: ${cuda}     |\n`);
}

/** Once, or every so often until the reader goes away, as -l and -lms ask. */
function loop(tick) {
	const everyMs = number('-lms') ?? (number('-l') ?? 0) * 1000;
	tick();
	if (everyMs > 0) {
		process.stdout.on('error', () => process.exit(0));
		setInterval(tick, everyMs);
	}
}
