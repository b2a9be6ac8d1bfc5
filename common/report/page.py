"""The report of a run as one HTML file that opens offline: `python -m common.report RUN [--data
DIR]`.

The notebook of the report is executed with the run's folders as its parameters, and what it shows
is written without its code. The file is complete in itself, and refused where it is not: no
script, no style sheet and no picture from elsewhere. Jupyter is imported only when a report is
written.
"""

import asyncio
import html
import os
import re
import signal
from collections.abc import Mapping
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from common.coco import DataError, read_entries
from common.commands import RefusedError
from common.data import data_key
from common.files import write_whole
from common.leaderboard import read_leaderboard
from common.offline_page import foreign_resources
from common.records.description import read_description
from common.records.folder import RunFolder
from common.report.notebook import root

if TYPE_CHECKING:
    from nbformat import NotebookNode

NAME = "report.html"
NOTEBOOK = "leaderboard.ipynb"
SECONDS = 900  # for one cell
WITHOUT_PICTURES = (
    "<p><strong>Without pictures.</strong> This report was made without the data folder of the "
    "run: the images of <code>val</code> and the photos are left out, and with them what is said "
    "of single photos.</p>"
)
_STYLE = """
:root { color-scheme: light; --text: #1c1e21; --line: #d9dde2; --even: #f5f6f8; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 1.5rem; background: #fff; color: var(--text);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.9rem; line-height: 1.2; }
h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
h3 { margin: 1.75rem 0 .5rem; } img { display: block; max-width: 100%; height: auto;
  margin: .75rem 0; }
code { background: var(--even); padding: .05em .3em; border-radius: 3px; font-size: .9em; }
pre { overflow-x: auto; background: var(--even); padding: .75rem; }
.jp-OutputArea-output, .output_subarea, .output { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; margin: .75rem 0;
  font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left;
  vertical-align: top; }
tr:nth-child(even) td { background: var(--even); }
"""


class ReportError(RefusedError):
    """The report cannot be made, or what was made needs something from elsewhere; nothing is
    written then.
    """


def write_report(run: Path, data: Path | None, notebook: Path | None = None) -> Path:
    """Write `report.html` into the folder of a run, whole or not at all.

    Args:
        run: a finished run.
        data: the data folder it was made with, for the pictures; None leaves them out, and the
            page says so.
        notebook: whose parameters are DATA and RUN; None takes the report's own.

    Returns:
        The path of the report.

    Raises:
        ReportError: the run has no complete approach, or was not made with this data; a cell of
            the notebook failed, it lacks the parameters, or the page would not open offline.
        OSError: the run or the notebook is not there.
    """
    notebook = notebook or root() / "notebooks" / NOTEBOOK
    _require_run(run)
    if data is not None:
        _require_data_of(run, data)
    place = (
        run / "no pictures" if data is None else data
    ).resolve()  # what is not there is not shown
    executed = execute(notebook, {"DATA": str(place), "RUN": str(run.resolve())})
    page = as_page(
        executed, f"Report of {run.resolve().name}", WITHOUT_PICTURES if data is None else ""
    )
    findings = foreign_resources(page)
    if findings:
        raise ReportError(
            f"{NAME} was not written: it would load {', '.join(findings[:5])}; a page that opens "
            f"offline is expected. Take that out of {notebook}."
        )
    write_whole(run / NAME, page)
    return run / NAME


def execute(notebook: Path, parameters: Mapping[str, str]) -> "NotebookNode":
    """Run a notebook in its own folder, with other values in its cell of parameters; the file
    stays as it is.

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


def as_page(notebook: "NotebookNode", title: str, note: str = "") -> str:
    """An executed notebook as one HTML page, without its code and without scripts.

    Args:
        notebook: with its outputs.
        title: of the page, as plain text.
        note: HTML that stands before everything else.
    """
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        embed_images=True,
    )
    body, _ = exporter.from_notebook_node(notebook)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, '
        f'initial-scale=1">\n<title>{html.escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{note}{body}\n</body>\n</html>\n"
    )


def data_folder(run: Path) -> Path:
    """The data folder that a run names, as written, or relative to this project.

    Raises:
        ReportError: it is not there, or the run has no complete approach.
        OSError: the folder holds no run, or one that cannot be read.
    """
    _require_run(run)
    named = Path(read_description(run).data)
    for place in (named, root() / named):
        if str(named) != "." and place.is_dir():
            return place
    raise ReportError(
        f"{RunFolder(run).description} names the data folder {str(named)!r}, which is not there; "
        "give it with --data DIR, or leave the pictures out with --no-pictures."
    )


def _require_run(run: Path) -> None:
    """Refuse a folder that holds no run, and a run of which nothing can be told."""
    described = read_description(run)
    mend = (
        f"The command that made the run goes on with it: python bench.py {described.command}"
    ).rstrip()
    try:
        board = read_leaderboard(run)
    except FileNotFoundError as error:
        raise ReportError(
            f"{run} was not brought to its end: it has no leaderboard yet. {mend}"
        ) from error
    if not (board["status"] == "ok").any():
        found = ", ".join(f"{row.approach} {row.status}" for row in board.itertuples())
        raise ReportError(f"{run} has no complete approach ({found}); a report needs one. {mend}")


def _require_data_of(run: Path, data: Path) -> None:
    """Refuse a data folder that is not the one a run was made with."""
    described = read_description(run)
    mend = (
        "Give the run's own data folder with --data, or leave the pictures out with --no-pictures."
    )
    if not data.is_dir():
        raise ReportError(
            f"{data} is no folder; expected the data of the run ({described.data}). {mend}"
        )
    try:
        key = data_key(
            *(read_entries(data / split, described.read_options) for split in ("train", "val"))
        )
    except (DataError, OSError) as error:
        raise ReportError(f"{data} does not hold the data of {run}: {error} {mend}") from error
    if key != described.identity.data:
        raise ReportError(
            f"{data} holds other images or annotations than {run} was made with "
            f"({described.data}, content {described.identity.data[:8]}…; "
            f"here it is {key[:8]}…). {mend}"
        )
