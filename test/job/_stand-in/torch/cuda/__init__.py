from types import SimpleNamespace

from .. import host

gpus = host.get("gpus", [])


def init():
    if "init_error" in host:
        raise RuntimeError(host["init_error"])


def is_available():
    return bool(gpus) and "init_error" not in host


def device_count():
    return len(gpus)


def get_arch_list():
    return host.get("archs", ["sm_80", "sm_90"])


def get_device_capability(index):
    major, minor = gpus[index]["capability"]
    return major, minor


def get_device_properties(index):
    major, minor = get_device_capability(index)
    return SimpleNamespace(name=gpus[index]["name"], major=major, minor=minor, uuid=f"0000000{index}-1111")
