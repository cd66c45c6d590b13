"""
Executes a notebook cell by cell, prints what its cells print as it comes, and saves it after every cell, also when one fails or when it is
told to stop. With --convert it prints the notebook as a script instead, as JSON.

    python notebook.py [-p NAME=VALUE]... [--output FILE] NOTEBOOK
    python notebook.py --convert [--strip-magics] [-p NAME=VALUE]... NOTEBOOK
"""

import sys

if not getattr(sys.flags, "safe_path", False):
    # The folder of this script, or the current one: a notebook.py there would be taken for the package of that name.
    del sys.path[0]

import argparse
import asyncio
import inspect
import json
import os
import re
import signal
import time

SAVE_SECONDS = 10
colours = re.compile(r"\x1b\[[0-9;]*m")


def fail(text, code=1):
    print(f"notebook.py: {text}", file=sys.stderr, flush=True)
    sys.exit(code)


def read_notebook(path):
    try:
        import nbformat
    except ImportError as error:
        fail(f"nbformat cannot be loaded ({error}); add nbclient to packages.pip in gpubox.yaml")
    try:
        return nbformat.read(path, as_version=4)
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}")
    except Exception as error:
        fail(f"{path} is not a notebook: {str(error).splitlines()[0] if str(error) else type(error).__name__}")


def language_of(notebook):
    kernel = notebook.metadata.get("kernelspec", {})
    info = notebook.metadata.get("language_info", {})
    return (info.get("name") or kernel.get("language") or "python").lower()


# Parameters, in papermill's way: a cell tagged `parameters` has the defaults, and a cell after it overrides them.


def value_of(text):
    """The Python literal for a value: a number, True, False, None, or text."""
    if text in ("True", "False", "None"):
        return text
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        # repr(inf) is no literal.
        return repr(number) if number == number and abs(number) != float("inf") else f'float("{text.strip()}")'
    return repr(text)


def add_parameters(notebook, parameters):
    if not parameters:
        return
    if language_of(notebook) != "python":
        fail(f"parameters are for Python notebooks; this one is in {language_of(notebook)}", 2)
    lines = ["# Parameters"]
    for text in parameters:
        name, sign, value = text.partition("=")
        if not sign or not name.isidentifier():
            fail(f"-p {text}: it must be NAME=VALUE", 2)
        lines.append(f"{name} = {value_of(value)}")
    from nbformat.v4 import new_code_cell

    cell = new_code_cell("\n".join(lines), metadata={"tags": ["injected-parameters"]})
    # Cells have ids since 4.5 of the format.
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        cell.pop("id", None)
    tagged = {
        tag: index for index, each in enumerate(notebook.cells) for tag in each.metadata.get("tags", [])
    }
    if "injected-parameters" in tagged:
        notebook.cells[tagged["injected-parameters"]] = cell
    else:
        notebook.cells.insert(tagged.get("parameters", -1) + 1, cell)


# Execution.


def kernel_for(notebook):
    from jupyter_client.kernelspec import KernelSpecManager

    wanted = notebook.metadata.get("kernelspec", {}).get("name") or "python3"
    known = KernelSpecManager().find_kernel_specs()
    if wanted in known:
        return wanted
    if language_of(notebook) != "python" or "python3" not in known:
        fail(f'there is no kernel "{wanted}" in this image; there are: {", ".join(sorted(known)) or "none"}')
    print(f'notebook.py: there is no kernel "{wanted}" in this image; using python3', file=sys.stderr, flush=True)
    return "python3"


class Saver:
    def __init__(self, notebook, path):
        self.notebook, self.path, self.last = notebook, path, 0.0

    def save(self):
        """Whole or not at all: a killed process must not leave half a notebook."""
        import nbformat

        fresh = f"{self.path}.{os.getpid()}"
        try:
            with open(fresh, "w", encoding="utf-8") as file:
                nbformat.write(self.notebook, file)
            os.replace(fresh, self.path)
        except OSError as error:
            try:
                os.unlink(fresh)
            except OSError:
                pass
            # A full disk must not end the computation.
            print(f"notebook.py: cannot save {self.path}: {error.strerror}", file=sys.stderr, flush=True)
        self.last = time.monotonic()

    def save_sometimes(self):
        if time.monotonic() - self.last > SAVE_SECONDS:
            self.save()


def show(message):
    content = message["content"]
    kind = message["msg_type"]
    if kind == "stream":
        out = sys.stderr if content["name"] == "stderr" else sys.stdout
        out.write(content["text"])
        out.flush()
    elif kind in ("execute_result", "display_data"):
        text = content["data"].get("text/plain")
        if text is not None:
            print("".join(text), flush=True)
    elif kind == "error":
        text = "\n".join(content["traceback"])
        print(text if sys.stderr.isatty() else colours.sub("", text), file=sys.stderr, flush=True)


def make_client(notebook, folder, kernel, saver):
    from nbclient import NotebookClient

    class Client(NotebookClient):
        def process_message(self, msg, cell, cell_index):
            show(msg)
            result = super().process_message(msg, cell, cell_index)
            saver.save_sometimes()
            return result

    return Client(notebook, timeout=None, kernel_name=kernel, resources={"metadata": {"path": folder}})


class Stop:
    """The first signal interrupts the cell, which may save what it has; the second does not wait for it."""

    def __init__(self, client, saver):
        self.client, self.saver = client, saver
        self.number = None
        self.task = asyncio.current_task()

    def __call__(self, number):
        if self.number is not None:
            self.task.cancel()
            return
        self.number = number
        self.saver.save()
        answer = self.client.km.interrupt_kernel()
        if inspect.isawaitable(answer):
            asyncio.ensure_future(answer)


def death_of(client):
    """The exit code for a kernel that ended by itself: 137 for one that was killed, as a shell has it."""
    process = getattr(getattr(client.km, "provisioner", None), "process", None)
    code = process.poll() if process is not None else None
    return 128 - code if code is not None and code < 0 else 1


async def execute(client, saver):
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    cells = client.nb.cells
    place = 0
    try:
        async with client.async_setup_kernel():
            stop = Stop(client, saver)
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.add_signal_handler(number, stop, number)
            try:
                for index, cell in enumerate(cells):
                    if stop.number is not None:
                        break
                    place = index
                    await client.async_execute_cell(cell, index)
                    saver.save()
            except (CellExecutionError, DeadKernelError, asyncio.CancelledError) as error:
                if stop.number is None:
                    return told(error, client, f"cell {place + 1} of {len(cells)}", saver.path)
            if stop.number is not None:
                name = signal.Signals(stop.number).name
                fail_text = f"stopped by {name} in cell {place + 1} of {len(cells)}; saved as {saver.path}"
                print(f"notebook.py: {fail_text}", file=sys.stderr, flush=True)
                return 128 + stop.number
            return 0
    finally:
        saver.save()


def told(error, client, where, path):
    if getattr(error, "ename", None) == "SystemExit":
        # As a script would end: sys.exit() and sys.exit(0) are no failure.
        text = str(error.evalue)
        return 0 if text in ("", "None") else int(text) & 255 if text.lstrip("-").isdigit() else 1
    if hasattr(error, "ename"):
        what = f"{error.ename}: {error.evalue}"
        code = 1
    else:
        code = death_of(client)
        what = "the kernel was killed" if code > 128 else "the kernel died"
    print(f"notebook.py: {where} failed: {what}; saved as {path}", file=sys.stderr, flush=True)
    return code


# Conversion.

# Of these only the line itself is a magic; what they apply to is Python.
WRAPPERS = ("%%time", "%%capture", "%%prun")


def commented(lines):
    return ["# " + line if line.strip() else line for line in lines]


def without_magics(source):
    """The source with its magics as comments, line by line, and those lines: (number, text)."""
    lines = [line + "\n" for line in source.split("\n")]
    found = []
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is not None and lines[first].startswith("%%"):
        found.append((first + 1, lines[first].strip()))
        if lines[first].split()[0] not in WRAPPERS:
            return "".join(lines[:first] + commented(lines[first:])).rstrip("\n"), found
        lines[first : first + 1] = commented(lines[first : first + 1])
    for _ in range(len(lines)):
        place = find_magic(lines)
        if place is None:
            break
        start, end = place
        text = lines[start].strip()
        indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
        found.append((start + 1, text))
        if text.startswith("%time ") and end == start:
            lines[start] = f"{indent}{text[len('%time '):].strip()}\n"
        else:
            lines[start] = f"{indent}pass  # {text}\n"
            lines[start + 1 : end + 1] = [f"{indent}# {line.strip()}\n" for line in lines[start + 1 : end + 1]]
    return "".join(lines).rstrip("\n"), found


def find_magic(lines):
    """The first and the last line of a magic, from 0; None when there is none."""
    try:
        from IPython.core import inputtransformer2 as transformer
    except ImportError:
        at = next((index for index, line in enumerate(lines) if re.match(r"\s*[%!?]", line)), None)
        return None if at is None else (at, at)
    tokens = transformer.make_tokens_by_line(lines)
    kinds = [transformer.MagicAssign, transformer.SystemAssign, transformer.EscapedCommand, transformer.HelpEnd]
    places = [place for place in (kind.find(tokens) for kind in kinds) if place is not None]
    calls = [index for index, line in enumerate(lines) if re.match(r"\s*get_ipython\(\)", line)]
    if not places:
        return (calls[0], calls[0]) if calls else None
    start = min(place.start_line for place in places)
    return start, transformer.find_end_of_continued_line(lines, start)


def convert(notebook, name, strip):
    magics, errors = [], []
    is_python = language_of(notebook) == "python"
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code" or not is_python:
            continue
        source, found = without_magics(cell.source)
        magics += [{"cell": number, "line": line, "text": text} for line, text in found]
        if strip:
            cell.source = source
        try:
            compile(source + "\n", name, "exec")
        except SyntaxError as error:
            errors.append({"cell": number, "line": error.lineno or 1, "text": error.msg})
    if errors or (magics and not strip):
        code, extension = "", ""
    else:
        try:
            from nbconvert import PythonExporter, ScriptExporter
        except ImportError as error:
            fail(f"nbconvert cannot be loaded ({error}); add nbconvert to packages.pip in gpubox.yaml")
        # What a notebook says about its language may be cut down to the name.
        exporter = PythonExporter() if is_python else ScriptExporter()
        code, resources = exporter.from_notebook_node(notebook)
        extension = resources.get("output_extension") or ".txt"
    print(
        json.dumps(
            {
                "kind": "script",
                "language": language_of(notebook),
                "extension": extension,
                "code": code,
                "magics": magics,
                "errors": errors,
            }
        )
    )
    return 0


def main():
    parser = argparse.ArgumentParser(prog="notebook.py")
    parser.add_argument("-p", dest="parameters", action="append", metavar="NAME=VALUE", default=[])
    parser.add_argument("--output")
    parser.add_argument("--convert", action="store_true")
    parser.add_argument("--strip-magics", action="store_true")
    parser.add_argument("notebook")
    given = parser.parse_args()
    notebook = read_notebook(given.notebook)
    add_parameters(notebook, given.parameters)
    if given.convert:
        return convert(notebook, given.notebook, given.strip_magics)
    run = os.environ.get("GPUBOX_RUN")
    stem = os.path.splitext(given.notebook)[0]
    output = given.output or (os.path.join(run, "notebook.ipynb") if run else f"{stem}-executed.ipynb")
    try:
        import nbclient  # noqa: F401
    except ImportError as error:
        fail(f"nbclient cannot be loaded ({error}); add nbclient to packages.pip in gpubox.yaml")
    # No one can attach a debugger here, so its warnings are noise.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            # What an earlier run left must not pass for output of this one.
            cell.outputs, cell.execution_count = [], None
    saver = Saver(notebook, output)
    saver.save()
    folder = os.path.dirname(os.path.abspath(given.notebook))
    return asyncio.run(execute(make_client(notebook, folder, kernel_for(notebook), saver), saver))


sys.exit(main())
