// The reference for `gpubox ls`: the least that Node can do to list the containers of a socket.
import {ask} from './ask.mjs';

for (const {Names, State, Image} of await ask('/containers/json?all=1')) {
	process.stdout.write(`${Names[0]}\t${State}\t${Image}\n`);
}
