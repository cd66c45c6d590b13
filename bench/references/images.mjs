// The reference for `gpubox images`: the least that Node can do to ask for what it takes to judge images: the cards and the driver's CUDA
// version, and the engine, its images and boxes.
import {ask, nvidiaSmi} from './ask.mjs';

const fields = 'index,uuid,name,driver_version,compute_cap,memory.total';
const answers = await Promise.all([
	nvidiaSmi(`--query-gpu=${fields}`, '--format=csv,noheader,nounits'),
	nvidiaSmi(),
	ask('/info'),
	ask('/images/json'),
	ask('/containers/json?all=1'),
]);
process.stdout.write(`${JSON.stringify(answers)}\n`);
