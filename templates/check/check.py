"""Tries PyTorch on every GPU that it can see, and prints one JSON object a line: what PyTorch is, each GPU, all of them together."""

import json
import signal
import sys
import warnings

# A driver that hangs must not keep this process for ever.
signal.alarm(240)
# What PyTorch warns of is found out here, step by step.
warnings.simplefilter("ignore")


def tell(kind, **members):
    print(json.dumps({"kind": kind, **members}), flush=True)


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
    try_step(steps, "float32", lambda: multiply(torch, f"cuda:{index}", torch.float32))
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


def main():
    try:
        import torch
    except Exception as error:
        tell("failed", step="import", detail=reason(error))
        return 1

    archs = []
    try:
        archs = list(torch.cuda.get_arch_list())
    except Exception:
        # Older than this question: then it is left out.
        pass
    tell("torch", version=str(torch.__version__), cuda=getattr(torch.version, "cuda", None), archs=archs)

    try:
        # Says why where is_available() only says no.
        torch.cuda.init()
        count = torch.cuda.device_count()
    except Exception as error:
        tell("failed", step="cuda", detail=reason(error))
        return 1

    if count == 0:
        tell("failed", step="cuda", detail="PyTorch sees no GPU")
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
