import re
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS = 180
# Where a path of some machine begins.
MACHINE = (
    "/home/",
    "/Users/",
    "/root/",
    "/opt/",
    "/usr/",
    "C:\\",
    str(ROOT),
    str(Path.home()),
    tempfile.gettempdir(),
)

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def parameters(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The cell of parameters, which is the first that holds code."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code[0].metadata.get("tags") == ["parameters"], (
        "the first code cell must carry the tag parameters"
    )
    return code[0]


def with_parameters(
    notebook: nbformat.NotebookNode, values: dict[str, str | None]
) -> nbformat.NotebookNode:
    """The notebook with these values for those of its parameters that they name; each assignment
    is one line.
    """
    cell = parameters(notebook)
    named = re.findall(r"^(\w+) = ", cell.source, re.MULTILINE)
    assert named, f"no parameter is assigned in {cell.source!r}"
    for name in set(named) & set(values):
        cell.source = re.sub(
            rf"^{name} = .*$",
            lambda _, name=name: f"{name} = {values[name]!r}",
            cell.source,
            flags=re.M,
        )
    return notebook


def texts_of(notebook: nbformat.NotebookNode) -> list[str]:
    """Everything a reader of the notebook can see, but the pictures."""
    found = [cell.source for cell in notebook.cells]
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            found += [str(text) for kind, text in shown.items() if not kind.startswith("image/")]
            found.append(output.get("text", ""))
    return found


def outputs_of(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def executed(path: Path, folder: Path, values: dict[str, str | None]) -> nbformat.NotebookNode:
    notebook = with_parameters(nbformat.read(path, as_version=4), values)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    return client.execute()  # raises CellExecutionError with the traceback of the cell


def test_there_are_notebooks():
    assert {"getting_started", "data_analysis"} <= {path.stem for path in NOTEBOOKS}


@every_notebook
def test_a_notebook_runs_on_other_data_from_another_folder(path, sample_folder, tmp_path):
    before = sorted(sample_folder.rglob("*"))
    notebook = executed(
        path,
        tmp_path,
        {"DATA": str(sample_folder), "MEASURED": None, "RUN": str(tmp_path / "no run yet")},
    )
    assert not [output for output in outputs_of(notebook) if output.get("name") == "stderr"]
    assert outputs_of(notebook)
    assert sorted(sample_folder.rglob("*")) == before, "nothing is written into the data folder"
    assert not list(tmp_path.iterdir()), "nothing is left where the notebook was started"


def test_a_stored_run_is_shown_instead_of_a_new_one(sample_folder, tmp_path):
    run = ROOT / "results" / "example-on-sample"
    path = ROOT / "notebooks" / "getting_started.ipynb"
    seen = "\n".join(
        texts_of(executed(path, tmp_path, {"DATA": str(sample_folder), "RUN": str(run)}))
    )
    assert "tta_ensemble" in seen  # which a run for this page alone does not train
    assert "pred_valid_template.csv" in seen


@every_notebook
def test_a_stored_notebook_was_run_from_top_to_bottom_without_errors(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    outputs = outputs_of(notebook)
    assert outputs
    assert not [
        output
        for output in outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ]


@every_notebook
def test_a_stored_notebook_shows_images_of_generated_data_alone(path):
    """Photos are stored as JPEG, figures of numbers as PNG."""
    notebook = nbformat.read(path, as_version=4)
    named = re.findall(r'^DATA = "([^"]*)"', parameters(notebook).source, re.MULTILINE)
    photos = [output for output in outputs_of(notebook) if "image/jpeg" in output.get("data", {})]
    assert not photos or named == ["../data/sample"]


@pytest.mark.parametrize(("name", "pictures"), [("getting_started", 2), ("data_analysis", 11)])
def test_a_stored_notebook_holds_its_figures(name, pictures):
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    shown = [kind for output in outputs_of(notebook) for kind in output.get("data", {})]
    assert sum(kind in ("image/png", "image/jpeg") for kind in shown) == pictures


def test_parameters_are_replaced_where_they_are_named_and_nowhere_else():
    cell = nbformat.v4.new_code_cell(
        'DATA = "a"  # where\nSHOWN = 3', metadata={"tags": ["parameters"]}
    )
    notebook = with_parameters(nbformat.v4.new_notebook(cells=[cell]), {"DATA": "b", "RUN": "c"})
    assert notebook.cells[0].source == "DATA = 'b'\nSHOWN = 3"


@every_notebook
def test_a_stored_notebook_names_no_place_of_a_machine(path):
    seen = "\n".join(texts_of(nbformat.read(path, as_version=4)))
    assert [place for place in MACHINE if place in seen] == []


@every_notebook
def test_a_stored_notebook_is_small(path):
    assert path.stat().st_size < 1_000_000
