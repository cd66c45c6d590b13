/**
Variables that change what other programs load, start or connect to. A project may have reasons to set them, and the user who starts its
box should know: that is all this list decides. Other variables affect only the project's own programs.
*/

/** Read by the loader, an interpreter or a shell before the first line of the user's program. */
const loaders =
	/^(?:LD_\w+|GCONV_PATH|GLIBC_TUNABLES|MALLOC_\w+|PATH|SHELL|SHELLOPTS|BASHOPTS|BASH_ENV|BASH_FUNC_\w+|ENV|IFS|CDPATH|PROMPT_COMMAND|PS[0-4]|ZDOTDIR|INPUTRC|TERMINFO|TERMINFO_DIRS|PYTHON\w*|IPYTHON\w*|JUPYTER\w*|JPY_\w+|NODE_\w+|NPM_CONFIG_\w+|PERL5?\w*|RUBY\w*|GEM_\w+|BUNDLE_\w+|JAVA_\w+|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH|R_\w+|JULIA_\w+|LUA_\w+|GUILE_\w+|XDG_CONFIG_\w+|XDG_DATA_\w+)$/;

/** Names of programs that other programs start. */
const started =
	/^(?:EDITOR|VISUAL|PAGER|MANPAGER|BROWSER|LESSOPEN|LESSCLOSE|SSH_\w+|SUDO_\w+|GIT_\w+|RSYNC_\w+|CC|CXX|CFLAGS|CXXFLAGS|LDFLAGS|MAKEFLAGS|CMAKE_\w+|NVCC_\w+)$/;

/** Package sources, proxies and trusted certificates. */
const sources =
	/^(?:\w*_PROXY|PIP_\w+|UV_\w+|CONDA\w*|MAMBA_\w+|POETRY_\w+|PIPENV_\w+|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|CURL_HOME|WGETRC|NETRC|HF_ENDPOINT|\w+_ENDPOINT|\w+_ENDPOINT_URL\w*|\w+_BASE_URL|\w+_API_URL)$/;

/** How the driver's libraries come into the container, and what CUDA loads. */
const drivers = /^(?:NVIDIA_\w+|CUDA_\w+|CUDNN_\w+|NCCL_\w+|OCL_\w+|VK_\w+)$/;

/** The exceptions: they choose among what is installed, and projects often set them. */
const harmless =
	/^(?:PYTHON(?:UNBUFFERED|HASHSEED|DONTWRITEBYTECODE|IOENCODING|UTF8|FAULTHANDLER|NOUSERSITE|OPTIMIZE)|CUDA_(?:VISIBLE_DEVICES|DEVICE_ORDER|LAUNCH_BLOCKING|MODULE_LOADING|DEVICE_MAX_CONNECTIONS|CACHE_MAXSIZE)|NCCL_(?:DEBUG|P2P_DISABLE|P2P_LEVEL|IB_DISABLE|SHM_DISABLE|SOCKET_IFNAME)|NODE_ENV|NODE_NO_WARNINGS|PIP_(?:NO_CACHE_DIR|DISABLE_PIP_VERSION_CHECK|PROGRESS_BAR)|UV_(?:LINK_MODE|NO_PROGRESS))$/;

/** What such a variable does, as the end of a line; undefined for one that affects only the project. */
export function whatVariableChanges(name: string): string | undefined {
	const upper = name.toUpperCase();
	if (harmless.test(name)) {
		return undefined;
	}

	return loaders.test(upper) || started.test(upper)
		? 'changes what programs load or start'
		: sources.test(upper)
			? 'changes where programs download from or connect to'
			: drivers.test(upper)
				? "changes how the GPU's driver is used"
				: undefined;
}
