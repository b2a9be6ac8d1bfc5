"""The notebook of the report, executed on a run. Jupyter is imported only then."""

import asyncio
import os
import re
import signal
from collections.abc import Mapping
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from common.commands import RefusedError
from common.report.notebook import root

if TYPE_CHECKING:
    from nbformat import NotebookNode

SECONDS = 900  # for one cell
OWN = "own-data"  # the tag of cells that speak of the data that a notebook comes with


class ReportError(RefusedError):
    """The report cannot be made, or what was made needs something from elsewhere; nothing is
    written then.
    """


def execute(notebook: Path, parameters: Mapping[str, str]) -> "NotebookNode":
    """Run a notebook in its own folder, with other values in its cell of parameters and without
    its cells of the tag `own-data`, which speak of the data that it comes with; the file stays as
    it is.

    Its cells import this project from where this file lies, whatever else is installed.

    Args:
        notebook: its file.
        parameters: name → value, for assignments that the cell tagged "parameters" has.

    Returns:
        The executed notebook.

    Raises:
        ReportError: the notebook has no such cell or assignment, or a cell failed.
        KeyboardInterrupt: Ctrl-C; the kernel is ended.
        OSError: the file cannot be read.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    content = nbformat.read(notebook, as_version=4)
    content.cells = [cell for cell in content.cells if OWN not in cell.metadata.get("tags", [])]
    _set_parameters(content, notebook, parameters)
    interrupt = _Interrupt()
    path = os.pathsep.join(filter(None, [str(root()), os.environ.get("PYTHONPATH")]))
    client = NotebookClient(
        content,
        timeout=SECONDS,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(notebook.parent)}},
        on_notebook_start=interrupt.watch,
        on_cell_start=interrupt.watch,
    )
    try:
        return client.execute(env={**os.environ, "PYTHONPATH": path})
    except (
        CellExecutionError,
        CellTimeoutError,
        DeadKernelError,
        asyncio.CancelledError,
    ) as error:
        if interrupt.came:
            raise KeyboardInterrupt from error
        lines = [
            line for line in re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines() if line.strip()
        ]
        raise ReportError(
            f"{notebook.name} did not run to its end: "
            f"{lines[-1] if lines else type(error).__name__} Every cell is expected to. Open it "
            f"with DATA and RUN set as {dict(parameters)}, and mend what fails."
        ) from error


class _Interrupt:
    """Ends the execution of a notebook on Ctrl-C, which would otherwise look like the death of its
    kernel.
    """

    def __init__(self) -> None:
        self.came = False

    def watch(self, **_: object) -> None:
        """From now on, an interrupt cancels the task that calls this."""
        # not in the main thread, or not on this system
        with suppress(RuntimeError, ValueError, NotImplementedError):
            task = asyncio.current_task()
            if task is not None:
                asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._end, task)

    def _end(self, task: asyncio.Task[object]) -> None:
        self.came = True
        task.cancel()


def _set_parameters(
    content: "NotebookNode", notebook: Path, parameters: Mapping[str, str]
) -> None:
    """Put other values into the cell of parameters of a notebook's content, line by line."""
    cells = [cell for cell in content.cells if "parameters" in cell.metadata.get("tags", [])][:1]
    known = [
        name for cell in cells for name in re.findall(r"^(\w+) *=", cell.source, re.MULTILINE)
    ]
    missing = sorted(set(parameters) - set(known))
    if missing:
        raise ReportError(
            f"{notebook} sets {', '.join(known) or 'nothing'} in a cell tagged parameters; "
            f"{', '.join(missing)} is expected there. Add the assignment, or name another "
            "notebook."
        )
    for cell, (name, value) in product(cells, parameters.items()):
        assignment = f"{name} = {value!r}".replace("\\", r"\\")  # no escapes of `re.sub`
        cell.source = re.sub(rf"^{name} *=.*$", assignment, cell.source, flags=re.MULTILINE)
