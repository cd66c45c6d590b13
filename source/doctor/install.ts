/**
How the parts are installed on each distribution. Sources: the documentation of Ubuntu, Debian, RPM Fusion, openSUSE and Arch, and
NVIDIA's installation guides for the driver and the container toolkit.
*/
import {advise, type Fix} from './check.ts';
import type {Distribution} from './distribution.ts';

type Commands = Record<NonNullable<Distribution['family']>, string[]>;

const reboot = 'sudo reboot';
const toolkitHost = 'https://nvidia.github.io/libnvidia-container';

function pick({family}: Distribution, commands: Commands): string[] {
	return family === undefined ? [] : commands[family];
}

function install(distribution: Distribution, what: string, commands: Commands, guide: string): Fix {
	const known = pick(distribution, commands);
	return advise(known.length > 0 ? what : `${what}: ${guide}`, known);
}

// NVIDIA's own packages, for distributions without any, or without recent ones.
const nvidiaPackages = 'https://developer.download.nvidia.com/compute/cuda/repos';
const nvidiaArchitecture = '$(uname -m | sed s/aarch64/sbsa/)';
const addNvidiaToDnf = [
	'sudo dnf install -y dnf-plugins-core https://dl.fedoraproject.org/pub/epel/epel-release-latest-$(rpm -E %rhel).noarch.rpm',
	`sudo dnf config-manager --add-repo ${nvidiaPackages}/rhel$(rpm -E %rhel)/${nvidiaArchitecture}/cuda-rhel$(rpm -E %rhel).repo`,
];
const addNvidiaToDebian = [
	`curl -fsSLO ${nvidiaPackages}/debian$(. /etc/os-release; echo $VERSION_ID)/${nvidiaArchitecture}/cuda-keyring_1.1-1_all.deb`,
	'sudo dpkg -i cuda-keyring_1.1-1_all.deb && sudo apt-get update',
];
// Debian's driver is in non-free, which its package lists do not include by default.
const allOfDebian = [
	"sudo sed -i -E '/^(deb |Components:)/s/ main.*/ main contrib non-free non-free-firmware/' $(ls /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources 2>/dev/null)",
	'sudo apt-get update',
];

const driverGuide = 'https://docs.nvidia.com/datacenter/tesla/driver-installation-guide';

/**
The driver with its kernel module.
@param flavour `open` for cards that need it, `proprietary` for those that it does not support
*/
export function installDriver(distribution: Distribution, flavour: 'any' | 'open' | 'proprietary' = 'any'): Fix {
	if (flavour === 'proprietary') {
		// 580 is the last branch that supports cards before Turing.
		return install(
			distribution,
			'Install the proprietary kernel module of the 580 branch and reboot',
			{
				ubuntu: ['sudo apt-get install -y nvidia-driver-580', reboot],
				debian: [
					...allOfDebian,
					'sudo apt-get install -y linux-headers-$(uname -r) nvidia-driver nvidia-kernel-dkms firmware-misc-nonfree',
					reboot,
				],
				fedora: ['sudo dnf install -y akmod-nvidia-580xx xorg-x11-drv-nvidia-580xx-cuda', reboot],
				rhel: [...addNvidiaToDnf, 'sudo dnf install -y kernel-devel-matched kernel-headers cuda-drivers-580', reboot],
				suse: ['sudo zypper install -y nvidia-driver-G06-kmp-default nvidia-compute-utils-G06', reboot],
				arch: ['yay -S nvidia-580xx-dkms', reboot],
			},
			driverGuide,
		);
	}

	const open = flavour === 'open';
	return install(
		distribution,
		open ? 'Install the driver with the open kernel modules and reboot' : 'Install the NVIDIA driver and reboot',
		{
			ubuntu: [open ? 'sudo apt-get install -y nvidia-driver-580-open' : 'sudo ubuntu-drivers install', reboot],
			debian: [
				...(open ? addNvidiaToDebian : allOfDebian),
				`sudo apt-get install -y linux-headers-$(uname -r) ${open ? 'nvidia-open' : 'nvidia-driver firmware-misc-nonfree'}`,
				reboot,
			],
			fedora: [
				...(open ? ["echo '%_with_kmod_nvidia_open 1' | sudo tee /etc/rpm/macros.nvidia-kmod"] : []),
				'sudo dnf install -y akmod-nvidia xorg-x11-drv-nvidia-cuda',
				...(open ? ['sudo akmods --force --rebuild'] : []),
				reboot,
			],
			rhel: [...addNvidiaToDnf, 'sudo dnf install -y kernel-devel-matched kernel-headers nvidia-open', reboot],
			suse: ['sudo zypper install -y nvidia-open-driver-G06-signed-kmp-default nvidia-compute-utils-G06', reboot],
			arch: ['sudo pacman -S --needed nvidia-open nvidia-utils', reboot],
		},
		driverGuide,
	);
}

/** nvidia-smi and the libraries for a driver that is loaded already. */
export function installUtilities(distribution: Distribution, driverVersion: string | null): Fix {
	const branch = /^\d+/.exec(driverVersion ?? '')?.[0] ?? '580';
	return install(
		distribution,
		'Install nvidia-smi and the libraries of the loaded driver',
		{
			ubuntu: [`sudo apt-get install -y nvidia-utils-${branch}`],
			debian: ['sudo apt-get install -y nvidia-smi libnvidia-ml1'],
			fedora: ['sudo dnf install -y xorg-x11-drv-nvidia-cuda'],
			rhel: ['sudo dnf install -y nvidia-driver-cuda'],
			suse: ['sudo zypper install -y nvidia-compute-utils-G06'],
			arch: ['sudo pacman -S --needed nvidia-utils'],
		},
		driverGuide,
	);
}

/** Rebuilds the module for the running kernel. */
export function rebuildModule(distribution: Distribution): Fix {
	return install(
		distribution,
		'Build the module for the running kernel, then load it',
		{
			ubuntu: ['sudo apt-get install -y linux-headers-$(uname -r)', 'sudo dkms autoinstall', 'sudo modprobe nvidia'],
			debian: ['sudo apt-get install -y linux-headers-$(uname -r)', 'sudo dkms autoinstall', 'sudo modprobe nvidia'],
			fedora: ['sudo dnf install -y kernel-devel-$(uname -r)', 'sudo akmods --force', 'sudo modprobe nvidia'],
			rhel: ['sudo dnf install -y kernel-devel-$(uname -r)', 'sudo dkms autoinstall', 'sudo modprobe nvidia'],
			suse: ['sudo zypper install -y kernel-default-devel', 'sudo dkms autoinstall', 'sudo modprobe nvidia'],
			arch: ['sudo pacman -S --needed linux-headers nvidia-open-dkms', 'sudo modprobe nvidia'],
		},
		driverGuide,
	);
}

export function installDocker(distribution: Distribution): Fix {
	const script = ['curl -fsSL https://get.docker.com | sudo sh'];
	const start = 'sudo systemctl enable --now docker';
	return install(
		distribution,
		'Install Docker Engine and start it',
		{
			ubuntu: script,
			debian: script,
			fedora: [...script, start],
			rhel: [
				'sudo dnf install -y dnf-plugins-core',
				'sudo dnf config-manager --add-repo https://download.docker.com/linux/rhel/docker-ce.repo',
				'sudo dnf install -y docker-ce docker-ce-cli containerd.io docker-buildx-plugin',
				start,
			],
			suse: ['sudo zypper install -y docker docker-buildx', start],
			arch: ['sudo pacman -S --needed docker docker-buildx', start],
		},
		'https://docs.docker.com/engine/install',
	);
}

export function installSsh(distribution: Distribution): Fix {
	const apt = ['sudo apt-get install -y openssh-client'];
	const dnf = ['sudo dnf install -y openssh-clients'];
	return install(
		distribution,
		'Install the OpenSSH client',
		{
			ubuntu: apt,
			debian: apt,
			fedora: dnf,
			rhel: dnf,
			suse: ['sudo zypper install -y openssh-clients'],
			arch: ['sudo pacman -S --needed openssh'],
		},
		'https://www.openssh.com/portable.html',
	);
}

/** The engine that is to use the toolkit. */
export type ToolkitUser = 'docker' | 'rootless docker' | 'podman';

const register: Record<ToolkitUser, string[]> = {
	docker: ['sudo nvidia-ctk runtime configure --runtime=docker', 'sudo systemctl restart docker'],
	'rootless docker': [
		'nvidia-ctk runtime configure --runtime=docker --config="$HOME/.config/docker/daemon.json"',
		'systemctl --user restart docker',
		// Without root's rights the hook may not change control groups.
		'sudo nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place',
	],
	podman: ['sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml'],
};

const withDocker = 'with Docker (the restart stops running containers)';

/** Makes an installed toolkit known to the engine. The restart stops running containers, so the user decides when. */
export function configureToolkit(user: ToolkitUser): Fix {
	return advise(
		user === 'podman' ? 'Write the CDI specification of the GPUs' : `Register the toolkit ${withDocker}`,
		register[user],
	);
}

export function installToolkit(distribution: Distribution, user: ToolkitUser): Fix {
	const apt = [
		`curl -fsSL ${toolkitHost}/gpgkey | sudo gpg --dearmor -o /usr/share/keyrings/nvidia-container-toolkit-keyring.gpg`,
		`curl -sL ${toolkitHost}/stable/deb/nvidia-container-toolkit.list | sed 's#deb https://#deb [signed-by=/usr/share/keyrings/nvidia-container-toolkit-keyring.gpg] https://#g' | sudo tee /etc/apt/sources.list.d/nvidia-container-toolkit.list`,
		'sudo apt-get update && sudo apt-get install -y nvidia-container-toolkit',
		...register[user],
	];
	const dnf = [
		`curl -sL ${toolkitHost}/stable/rpm/nvidia-container-toolkit.repo | sudo tee /etc/yum.repos.d/nvidia-container-toolkit.repo`,
		'sudo dnf install -y nvidia-container-toolkit',
		...register[user],
	];
	return install(
		distribution,
		`Install the NVIDIA Container Toolkit and ${user === 'podman' ? 'write the CDI specification of the GPUs' : `register it ${withDocker}`}`,
		{
			ubuntu: apt,
			debian: apt,
			fedora: dnf,
			rhel: dnf,
			suse: [
				`sudo zypper ar ${toolkitHost}/stable/rpm/nvidia-container-toolkit.repo`,
				'sudo zypper --gpg-auto-import-keys install -y nvidia-container-toolkit',
				...register[user],
			],
			arch: ['sudo pacman -S --needed nvidia-container-toolkit', ...register[user]],
		},
		'https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html',
	);
}
