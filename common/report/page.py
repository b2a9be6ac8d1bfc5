"""The report of a run as one HTML file that opens offline, its figures as files, and the executed
notebook that shows the same: `python -m common.report RUN [--data DIR]`.

The page is complete in itself, and refused where it is not: no script but its own, no style sheet
and no picture from elsewhere.
"""

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from common.coco import DataError, read_entries
from common.data import data_key
from common.files import whole_folder, write_whole
from common.leaderboard import read_leaderboard
from common.offline_page import foreign_resources
from common.records.description import read_description
from common.records.folder import RunFolder
from common.report.execution import ReportError, execute
from common.report.files import picture_files
from common.report.finished_run import read_run
from common.report.html import rendered, without_own_script
from common.report.notebook import root
from common.report.sections import ALL, gather

NAME = "report.html"
EXECUTED = "report.ipynb"
FIGURES = "figures"
NOTEBOOK = "leaderboard.ipynb"


def write_report(
    run: Path,
    data: Path | None,
    notebook: Path | None = None,
    linked: Callable[[], object] = lambda: None,
) -> Path:
    """Write `report.html`, `figures/` and the executed notebook, `report.ipynb`, into the folder
    of a run. The page is written last, and each is whole or as it was before. The notebooks that
    the executed one links to are not beside it, so their names stand there without a link.

    Args:
        run: a finished run.
        data: the data folder it was made with, for the pictures; None leaves them out, and the
            page says so.
        notebook: whose parameters are DATA and RUN; None takes the report's own.
        linked: returns when what the page links to is there, which may be while the notebook runs.

    Returns:
        The path of the report.

    Raises:
        ReportError: the run has no complete approach, or was not made with this data; a cell of
            the notebook failed, it lacks the parameters, or the page would not open offline.
        OSError: the run or the notebook is not there.
    """
    import nbformat

    _require_run(run)
    if data is not None:
        _require_data_of(run, data)
    notebook = notebook or root() / "notebooks" / NOTEBOOK
    place = run / "no pictures" if data is None else data
    # the kernel of the notebook is a process of its own: both run at the same time
    pool, over = ThreadPoolExecutor(1), Event()
    try:
        drawing = pool.submit(_drawn, run, data, linked, over)
        executed = execute(notebook, {"DATA": _written(place), "RUN": _written(run)})
        page, pictures = drawing.result()
    finally:  # after an error or an interrupt nobody waits for the page
        over.set()
        pool.shutdown(wait=False)
    for cell in executed.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\[([^]]+)\]\(\w+\.ipynb\)", r"\1", cell.source)
    write_whole(run / EXECUTED, nbformat.writes(executed))
    with whole_folder(run / FIGURES) as folder:
        for name, content in pictures.items():
            (folder / name).write_bytes(content)
    write_whole(run / NAME, page)
    return run / NAME


def _drawn(
    run: Path, data: Path | None, linked: Callable[[], object], over: Event
) -> tuple[str, dict[str, bytes]]:
    """The page, drawn once `linked` returns, and its pictures by the names of their files; neither
    where it is over before.
    """
    material = gather(read_run(run), data)
    sections = [section(material) for section in ALL]
    linked()
    if over.is_set():
        return "", {}
    page = rendered(material, sections, {EXECUTED, FIGURES})
    findings = foreign_resources(without_own_script(page))
    if findings:
        raise ReportError(
            f"{NAME} was not written: it would load {', '.join(findings[:5])}; a page that opens "
            "offline is expected. Look for it in the names of photos and approaches."
        )
    return page, {} if over.is_set() else picture_files(sections)


def _written(path: Path) -> str:
    """A path as `common.report.notebook.placed` takes it: within the project relative, so that the
    notebook runs in another clone too, else absolute.
    """
    whole = path.resolve()
    if whole.is_relative_to(root().resolve()):
        return os.path.relpath(whole, root().resolve() / "notebooks")
    return str(whole)


def data_folder(run: Path) -> Path:
    """The data folder that a run names, as written, or relative to this project.

    Raises:
        ReportError: it is not there, or the run has no complete approach.
        OSError: the folder holds no run, or one that cannot be read.
    """
    _require_run(run)
    described = read_description(run)
    if described.data_folder is None:
        raise ReportError(
            f"{RunFolder(run).description} names the data folder {described.data!r}, which is not "
            "there; give it with --data DIR, or leave the pictures out with --no-pictures."
        )
    return described.data_folder


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
