"""
Tries PyTorch on every GPU that it can see: each card, then all of them together. Needs nothing but Python and PyTorch:

    python check.py          exits with 0 when every card works, else with 1
    python check.py --cpu    passes without a GPU, too, when PyTorch computes on the CPU
    python check.py --json   prints one JSON object a line
    python check.py --report FILE    also writes these objects to a file
"""

import json
import signal
import sys
import warnings

# A driver that hangs must not keep this process for ever.
signal.alarm(240)
# What PyTorch warns of is found out here, step by step.
warnings.simplefilter("ignore")


AS_JSON = "--json" in sys.argv[1:]
REPORT = sys.argv[sys.argv.index("--report") + 1] if "--report" in sys.argv[1:-1] else None


def tell(kind, **members):
    as_json = json.dumps({"kind": kind, **members})
    print(as_json if AS_JSON else say(kind, members), flush=True)
    if REPORT is not None:
        with open(REPORT, "a") as report:
            report.write(as_json + "\n")


def say(kind, said):
    """The same for people."""
    if kind == "torch":
        known = [
            ("CUDA", said["cuda"] or "none"),
            ("cuDNN", said["cudnn"]),
            ("NCCL", said["nccl"]),
            ("driver", said["driver"]),
            ("compiled for", " ".join(said["archs"])),
        ]
        return ", ".join([f"PyTorch {said['version']}"] + [f"{name} {value}" for name, value in known if value])
    if kind == "gpu":
        mark = "ok  " if all(step["passed"] for step in said["steps"]) else "FAIL"
        name = f"{said['name'] or 'unknown'} ({said['computeCapability'] or 'unknown'})"
        steps = [
            step["name"] + (f" ({step['detail']})" if step["detail"] else "") for step in said["steps"]
        ]
        return f"{mark} GPU {said['index']}  {name}: {', '.join(steps)}"
    if kind == "failed":
        return f"FAIL {said['detail']}"
    name = {"all-reduce": "all GPUs together (NCCL all-reduce)", "cpu": "CPU"}[kind]
    return f"{'ok  ' if said['passed'] else 'FAIL'} {name}" + (f": {said['detail']}" if said["detail"] else "")


def reason(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"


def compiled_for(archs, major, minor):
    """Whether there is machine code for the device, or PTX that its driver can translate."""
    for arch in archs:
        kind, _, number = arch.partition("_")
        digits = "".join(letter for letter in number if letter.isdigit())
        if len(digits) < 2:
            continue
        built = (int(digits[:-1]), int(digits[-1]))
        if number[-1] == "a":
            # Made for exactly this generation.
            fits = built == (major, minor)
        elif kind == "sm":
            fits = built[0] == major and built[1] <= minor
        else:
            fits = built <= (major, minor)
        if fits:
            return True
    return False


def multiply_as_cpu(torch, device):
    # Small whole numbers: every sum is exact in float32, also where a card rounds the factors to TF32. So any difference is a fault.
    size = 1000
    left, right = (torch.randint(0, 8, (size, size)).float() for _ in range(2))
    on_device = (left.to(device) @ right.to(device)).to("cpu")
    wrong = int((on_device != left @ right).sum().item())
    if wrong:
        raise ArithmeticError(f"{wrong} of {size * size} products are wrong")
    return f"{size} x {size}, as on the CPU"


def check_cpu(torch):
    size = 1000
    left, right = (torch.randint(0, 8, (size, size)) for _ in range(2))
    wrong = int(((left.float() @ right.float()) != (left @ right).float()).sum().item())
    if wrong:
        raise ArithmeticError(f"{wrong} of {size * size} products are wrong")
    return f"{size} x {size} matrices multiplied"


def multiply(torch, device, dtype):
    # 256 products of 0.5 by 0.5: exact in every type, so any other number is a fault.
    size = 256
    half = torch.full((size, size), 0.5, dtype=dtype, device=device)
    product = half @ half
    wrong = int((product != size * 0.25).sum().item())
    if wrong:
        raise ArithmeticError(f"{wrong} of {size * size} products are wrong")


def move(torch, device):
    there = torch.full((1024,), 3.0).to(device)
    back = (there + 1).to("cpu")
    if float(back.sum().item()) != 4096.0:
        raise ArithmeticError("what came back is not what was sent")


def try_step(steps, name, work):
    # After one failure CUDA often fails in all that follows.
    if any(not step["passed"] for step in steps):
        return
    try:
        detail = work() or ""
        steps.append({"name": name, "passed": True, "detail": detail})
    except Exception as error:
        steps.append({"name": name, "passed": False, "detail": reason(error)})


def check_gpu(torch, index, archs):
    steps = []
    gpu = {"index": index, "uuid": None, "name": None, "computeCapability": None, "steps": steps}

    def look():
        properties = torch.cuda.get_device_properties(index)
        gpu["name"] = properties.name
        gpu["computeCapability"] = f"{properties.major}.{properties.minor}"
        uuid = str(getattr(properties, "uuid", ""))
        gpu["uuid"] = (uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}") if uuid else None

    def compiled():
        major, minor = torch.cuda.get_device_capability(index)
        if archs and not compiled_for(archs, major, minor):
            raise RuntimeError(
                f"no kernel image is available for sm_{major}{minor}: this PyTorch was compiled for {' '.join(archs)}"
            )

    def bfloat16():
        major, _ = torch.cuda.get_device_capability(index)
        if major < 8:
            return "not on this card"
        multiply(torch, f"cuda:{index}", torch.bfloat16)
        return ""

    try_step(steps, "seen", look)
    try_step(steps, "compiled", compiled)
    try_step(steps, "moved", lambda: move(torch, f"cuda:{index}"))
    try_step(steps, "float32", lambda: multiply_as_cpu(torch, f"cuda:{index}"))
    try_step(steps, "bfloat16", bfloat16)
    tell("gpu", **gpu)
    return all(step["passed"] for step in steps)


def all_reduce(torch, count):
    """Adds up one tensor of each GPU on all of them, through NCCL."""
    from torch.cuda import nccl

    tensors = [torch.full((1024,), float(index + 1), device=f"cuda:{index}") for index in range(count)]
    nccl.all_reduce(tensors)
    wanted = float(sum(range(1, count + 1)))
    for index, tensor in enumerate(tensors):
        if float(tensor.sum().item()) != wanted * 1024:
            raise ArithmeticError(f"GPU {index} has another sum")


def driver_version():
    """As nvidia-smi prints it. PyTorch itself only knows the CUDA that the driver has."""
    try:
        import ctypes

        library = ctypes.CDLL("libnvidia-ml.so.1")
        text = ctypes.create_string_buffer(96)
        if library.nvmlInit_v2() == 0 and library.nvmlSystemGetDriverVersion(text, 96) == 0:
            return text.value.decode()
    except Exception:
        # Not in every container.
        pass
    try:
        with open("/proc/driver/nvidia/version") as file:
            words = file.readline().split("Kernel Module")[-1].split()
        return next((word for word in words if word[0].isdigit() and "." in word), None)
    except OSError:
        return None


def quietly(ask):
    try:
        return ask()
    except Exception:
        return None


def nccl_version():
    # Not every PyTorch loads it by itself.
    from torch.cuda import nccl

    return nccl.version()


def facts_of(torch):
    cuda = getattr(torch.version, "cuda", None)
    cudnn = quietly(lambda: torch.backends.cudnn.version())
    nccl = quietly(nccl_version) if cuda else None
    # Where no card is usable the list is empty; what PyTorch was compiled for is there anyway.
    archs = quietly(lambda: list(torch.cuda.get_arch_list())) or []
    flags = None if archs or not cuda else quietly(lambda: torch._C._cuda_getArchFlags())
    return {
        "version": str(torch.__version__),
        "cuda": cuda,
        "cudnn": None if cudnn is None else str(cudnn),
        "nccl": ".".join(map(str, nccl)) if isinstance(nccl, tuple) else None if nccl is None else str(nccl),
        "driver": driver_version(),
        "archs": flags.split() if flags else archs,
    }


def main():
    unknown = [word for word in sys.argv[1:] if word not in ("--json", "--cpu", "--report", REPORT)]
    if unknown or ("--report" in sys.argv[1:] and REPORT is None):
        wrong = f"unknown argument {unknown[0]}" if unknown else "--report needs a file"
        print(f"check.py: {wrong}; there are --cpu, --json and --report FILE", file=sys.stderr)
        return 2
    without_gpu = "--cpu" in sys.argv[1:]

    try:
        import torch
    except Exception as error:
        tell("failed", step="import", detail=reason(error))
        return 1

    facts = facts_of(torch)
    archs = facts["archs"]
    tell("torch", **facts)

    if without_gpu:
        try:
            tell("cpu", passed=True, detail=check_cpu(torch))
        except Exception as error:
            tell("cpu", passed=False, detail=reason(error))
            return 1
        if not quietly(torch.cuda.is_available):
            return 0

    try:
        # Says why where is_available() only says no.
        torch.cuda.init()
        count = torch.cuda.device_count()
    except Exception as error:
        tell("failed", step="cuda", detail=reason(error))
        return 1

    if count == 0:
        tell("failed", step="cuda", detail="PyTorch sees no GPU" + ("" if AS_JSON else ". To test the CPU alone: --cpu"))
        return 1

    passed = [check_gpu(torch, index, archs) for index in range(count)]
    if count > 1 and all(passed):
        try:
            all_reduce(torch, count)
            tell("all-reduce", passed=True, detail="")
        except Exception as error:
            tell("all-reduce", passed=False, detail=reason(error))
            return 1

    return 0 if all(passed) else 1


sys.exit(main())
