"""As much of PyTorch as the check uses, on a host described by $TORCH_HOST (JSON). Its numbers are right unless told otherwise."""

import json
import os

host = json.loads(os.environ["TORCH_HOST"])
if "import_error" in host:
    raise ImportError(host["import_error"])

__version__ = "2.8.0+cu128"
float32, bfloat16 = "float32", "bfloat16"


class version:
    cuda = host.get("cuda", "12.8")


class Tensor:
    """All of its elements are the same."""

    def __init__(self, shape, value, device, dtype=float32):
        self.shape, self.value, self.device, self.dtype = shape, value, device, dtype

    def count(self):
        count = 1
        for length in self.shape:
            count *= length
        return count

    def fault(self, operation):
        fault = host.get("faults", {}).get(f"{self.device} {operation}")
        if isinstance(fault, str):
            raise RuntimeError(fault)
        return fault or 0

    def float(self):
        return self

    def to(self, device):
        moved = Tensor(self.shape, self.value, device, self.dtype)
        moved.fault("move")
        return moved

    def __add__(self, number):
        return Tensor(self.shape, self.value + number, self.device, self.dtype)

    def __matmul__(self, other):
        value = self.shape[1] * self.value * other.value + self.fault(self.dtype)
        return Tensor(self.shape, value, self.device, self.dtype)

    def __ne__(self, number):
        number = getattr(number, "value", number)
        return Tensor(self.shape, int(self.value != number), self.device)

    def sum(self):
        return Tensor((1,), self.value * self.count(), self.device)

    def item(self):
        return self.value


def full(shape, value, dtype=float32, device="cpu"):
    return Tensor(shape, value, device, dtype)


def randint(low, high, shape):
    return Tensor(shape, high - 1, "cpu")


class backends:
    class cudnn:
        @staticmethod
        def version():
            return 91002


from . import cuda  # noqa: E402
