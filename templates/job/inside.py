"""Prints one JSON object: which Python, PyTorch and packages there are, and from where. Its arguments are packages of the distribution."""

import csv
import hashlib
import json
import os
import re
import signal
import site
import subprocess
import sys
import warnings
from importlib import metadata

signal.alarm(240)
warnings.simplefilter("ignore")
# With `-c` the first is the current folder, whose files are the project's.
sys.path[:] = [path for path in sys.path if path]

# Files that an installer writes about itself: the same package has others when another installer put it there.
ABOUT_INSTALLER = ("INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")
# Names of variables that decide which code runs, or how.
DECIDES = re.compile(
    r"^(NCCL_|CUDA_|CUDNN_|CUBLAS_|TORCH_|PYTORCH_|TF_|XLA_|JAX_|LD_|PYTHON)|^(PATH|CONDA_PREFIX|VIRTUAL_ENV)$"
)


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def read_record(found):
    """The hash of what a package's files are, and the names that it has in the folder of packages."""
    text = found.read_text("RECORD")
    if not text:
        return None, (found.read_text("top_level.txt") or "").split()
    rows = [row for row in csv.reader(text.splitlines()) if row]
    kept = sorted(
        f"{row[0]},{row[1]}"
        for row in rows
        if len(row) > 1 and row[1] and not row[0].endswith(ABOUT_INSTALLER)
    )
    tops = {row[0].split("/")[0] for row in rows} - {"..", "__pycache__"}
    return f"sha256:{hashlib.sha256(chr(10).join(kept).encode()).hexdigest()}", sorted(tops)


def origin(folder):
    user = site.getusersitepackages() if site.ENABLE_USER_SITE else None
    if user and os.path.realpath(folder) == os.path.realpath(user):
        return "user"
    given = [os.path.realpath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return "pythonpath" if os.path.realpath(folder) in given else "image"


def distributions():
    """Each package once: the first on the path is the one that is imported."""
    by_name = {}
    seen = set()
    for found in metadata.distributions():
        name = (found.metadata["Name"] or "") if found.metadata else ""
        version = found.version if name else None
        if not name or not version:
            continue
        folder = str(found.locate_file(""))
        key = (normal(name), os.path.realpath(folder))
        if key in seen:
            continue
        seen.add(key)
        first = by_name.get(normal(name))
        if first:
            first["shadows"].append({"version": version, "path": folder})
            continue
        record, tops = read_record(found)
        by_name[normal(name)] = {
            "name": normal(name),
            "version": version,
            "record": record,
            "path": folder,
            "from": origin(folder),
            "tops": tops,
            "shadows": [],
        }
    return [by_name[name] for name in sorted(by_name)]


def quietly(ask):
    try:
        return ask()
    except Exception:
        return None


def nccl_version():
    # Not every PyTorch loads it by itself.
    from torch.cuda import nccl

    return nccl.version()


def torch_facts():
    facts = {"torch": None, "cuda": os.environ.get("CUDA_VERSION") or None, "cudnn": None, "nccl": None, "archs": []}
    try:
        import torch
    except ModuleNotFoundError as error:
        return facts if error.name == "torch" else {**facts, "problem": f"PyTorch cannot be loaded: {error}"}
    except Exception as error:
        return {**facts, "problem": f"PyTorch cannot be loaded: {type(error).__name__}: {error}"}
    facts["torch"] = str(torch.__version__)
    facts["cuda"] = getattr(torch.version, "cuda", None)
    cudnn = quietly(lambda: torch.backends.cudnn.version())
    facts["cudnn"] = None if cudnn is None else str(cudnn)
    nccl = quietly(nccl_version) if facts["cuda"] else None
    facts["nccl"] = ".".join(map(str, nccl)) if isinstance(nccl, tuple) else None if nccl is None else str(nccl)
    # get_arch_list() is empty where there is no GPU; what it reads is there anyway.
    flags = quietly(lambda: torch._C._cuda_getArchFlags()) if facts["cuda"] else None
    facts["archs"] = flags.split() if flags else quietly(lambda: list(torch.cuda.get_arch_list())) or []
    return facts


def glibc():
    text = quietly(lambda: os.confstr("CS_GNU_LIBC_VERSION")) or ""
    return text.replace("glibc", "").strip() or None


def apt(names):
    if not names:
        return {}
    try:
        output = subprocess.run(
            ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}\t${Package}\t${Version}\n", *names],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            universal_newlines=True,
        ).stdout
    except OSError:
        return {}
    rows = [line.split("\t") for line in output.splitlines()]
    return {row[1]: row[2] for row in rows if len(row) == 3 and row[0].strip().endswith("i")}


print(
    json.dumps(
        {
            "kind": "inside",
            "python": ".".join(map(str, sys.version_info[:3])),
            "glibc": glibc(),
            **torch_facts(),
            "distributions": distributions(),
            "apt": apt(sys.argv[1:]),
            "environment": {name: value for name, value in sorted(os.environ.items()) if DECIDES.search(name)},
        }
    ),
    flush=True,
)
