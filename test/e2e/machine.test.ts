import assert from 'node:assert/strict';
import {mkdir, mkdtemp} from 'node:fs/promises';
import {join} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {needsOwnEngine, testHost} from '../_helpers/test-host/index.ts';
import {removeEngineFolder} from '../_helpers/test-host/isolation.ts';
import {fixedFolders, isElsewhere} from '../_helpers/test-host/machine.ts';
import {systemPath} from '../_helpers/test-host/packages.ts';
import {runToEnd} from '../_helpers/test-host/person.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** With a /sys that shows the network of the namespace, and the fixed folders of engines empty. */
const script = `set -e
cp -L /etc/resolv.conf "$1/resolv.conf"
mount --rbind /sys/fs/cgroup "$1/cgroup"
mount -t sysfs sysfs /sys
mount --move "$1/cgroup" /sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs /run
for folder in ${fixedFolders.join(' ')}; do
	mkdir -p "$folder"
	mount -t tmpfs tmpfs "$folder"
done
if [ ! -e /etc/resolv.conf ]; then
	mkdir -p "$(dirname "$(readlink -m /etc/resolv.conf)")"
	cp "$1/resolv.conf" "$(readlink -m /etc/resolv.conf)"
fi
ip link set lo up
"$2" --import=tsx test/_helpers/test-host/workstation.ts "$1"
`;

test("the tests' own engines leave a machine alone on which another engine runs a container", {
	skip: needsOwnEngine,
}, async () => {
	const folder = await mkdtemp(join(testHost().folder, 'workstation-'));
	await mkdir(join(folder, 'cgroup'));
	// All of it ends with this process, and its mounts and links with it.
	const namespaces = [
		'--mount',
		'--propagation',
		'private',
		'--net',
		'--pid',
		'--fork',
		'--kill-child',
		'--mount-proc',
	];
	try {
		const {code, stdout, stderr} = await runToEnd(
			'setpriv',
			['--pdeathsig', 'KILL', 'unshare', ...namespaces, 'sh', '-c', script, 'sh', folder, process.execPath],
			{cwd: root, env: {...process.env, PATH: systemPath, TMPDIR: folder}, input: ''},
		);
		assert.equal(code, 0, `${stdout}${stderr}`);
	} finally {
		await removeEngineFolder(folder);
	}
});

test('a run fails for what it changed, not for what others on the machine do meanwhile', () => {
	const isOurs = (line: string) => !isElsewhere(line, '0a1b2c3d');
	const ours = [
		'- link docker0 up',
		'- address docker0 172.17.0.1/16',
		'- rule nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE',
		'- rule filter :FORWARD DROP',
		'+ net/ipv4/ip_forward 1',
		'+ /etc/group docker:x:999:',
		'+ link gpubox0a1b2c3d up',
		'+ /run gpubox-test-0a1b2c3d',
		'+ /sys/fs/cgroup gpubox-test-0a1b2c3d-second-Xy1',
	];
	const others = [
		'- link veth1cfd910 up in docker0',
		'- route 172.18.0.0/16 dev br-041c9ef7672f proto kernel scope link src 172.18.0.1',
		'+ rule nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80',
		'+ link gpuboxd3a1ca87 up',
		'+ /run gpubox-test-d3a1ca87',
		'- /run user-1000.lock',
	];
	assert.deepEqual([...ours, ...others].filter(isOurs), ours);
});
