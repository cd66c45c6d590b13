// The reference for `gpubox gpus`: the least that Node can do to print the cards with their readings, their processes, and the boxes.
import {ask, nvidiaSmi} from './ask.mjs';

const format = '--format=csv,noheader,nounits';
const fields =
	'index,uuid,name,driver_version,compute_cap,memory.total,memory.used,utilization.gpu,temperature.gpu,power.draw,power.limit';
const [cards, processes, containers] = await Promise.all([
	nvidiaSmi(`--query-gpu=${fields}`, format),
	nvidiaSmi('--query-compute-apps=gpu_uuid,pid,process_name,used_memory', format),
	ask('/containers/json?all=1'),
]);
process.stdout.write(cards);
process.stdout.write(processes);
for (const {Names, Labels} of containers) {
	process.stdout.write(`${Names[0]}\t${Labels['gpubox.gpus']}\n`);
}
