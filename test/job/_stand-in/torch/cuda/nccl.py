from .. import host


def version():
    return (2, 27, 3)


def all_reduce(tensors):
    if "all_reduce_error" in host:
        raise RuntimeError(host["all_reduce_error"])
    total = sum(tensor.value for tensor in tensors)
    for tensor in tensors[: host.get("reduced", len(tensors))]:
        tensor.value = total
