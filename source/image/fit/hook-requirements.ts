/**
What NVIDIA's prestart hook reads from an image's environment. Source: NVIDIA/nvidia-container-toolkit, internal/config/image/cuda_image.go
(GetRequirements, IsLegacy, legacyVersion, HasDisableRequire).
*/

type Requirements = {
	/** Asks for a CUDA: NVIDIA_REQUIRE_CUDA, or CUDA_VERSION of an image that has no such variable. Missing: it asks for none. */
	cuda?: string;
	/** The other NVIDIA_REQUIRE_*; each must hold as well. */
	others: string[];
	/** The CUDA_VERSION that ends the hook. */
	badCudaVersion?: string;
};

// Go's semver: parts may be missing, and only a version with all three may go on. Earlier hooks read numbers and nothing behind them.
const version = /^v?(\d{1,9})(?:\.(\d{1,9})(?:\.\d{1,9}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)?)?$/;

/** Go's `strconv.ParseBool`. */
const yes = /^(?:1|t|T|TRUE|true|True)$/;

/** @param environment of the image, foreign text */
export function hookRequirements(environment: Readonly<Record<string, string>>): Requirements {
	if (yes.test(environment.NVIDIA_DISABLE_REQUIRE ?? '')) {
		return {others: []};
	}

	const others = Object.entries(environment).flatMap(([name, text]) =>
		/^NVIDIA_REQUIRE_(?!JETPACK|CUDA$)/.test(name) && text.trim() !== '' ? [text] : [],
	);
	const {NVIDIA_REQUIRE_CUDA: cuda, CUDA_VERSION: legacy} = environment;
	if (cuda || !legacy) {
		return {...(cuda ? {cuda} : {}), others};
	}

	const [, major, minor = '0'] = version.exec(legacy) ?? [];
	return major === undefined ? {others, badCudaVersion: legacy} : {cuda: `cuda>=${major}.${minor}`, others};
}
