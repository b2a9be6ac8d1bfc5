import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from urllib.parse import unquote

import nbformat
import pytest

from common.offline_page import foreign_resources
from common.records.description import read_description
from common.report.__main__ import main
from common.report.execution import execute
from common.report.finished_run import read_run
from common.report.html import rendered, without_own_script
from common.report.notebook import placed
from common.report.page import ReportError, _drawn, _written, write_report
from common.report.sections import ALL, gather
from common.sample import generate

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "results" / "example-on-sample"


@pytest.fixture
def data(reported) -> Path:
    return reported / "data"


@pytest.fixture
def run(reported_run) -> Path:
    return reported_run


@pytest.fixture
def copy(run, tmp_path) -> Path:
    """The run in a folder that a test may change."""
    return Path(shutil.copytree(run, tmp_path / "copy"))


LARGE = shutil.ignore_patterns("models", "probabilities", "figures")  # not needed in a report


def notebook_of(path: Path, *cells: tuple[str, list[str]]) -> Path:
    made = [
        nbformat.v4.new_code_cell(source, metadata={"tags": tags} if tags else {})
        for source, tags in cells
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    return path


def test_importing_the_report_loads_no_jupyter():
    command = (
        "import sys, common.report.page; print(sorted({'nbclient', 'nbconvert', 'nbformat', "
        "'IPython'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_the_report_opens_offline_and_runs_no_script_but_its_own(page):
    assert foreign_resources(without_own_script(page)) == []
    assert page.count("<script") == 1 and foreign_resources(page) == ["<script>"]
    assert "default-src 'none'" in page


def test_the_report_begins_with_the_answer_and_holds_figures_but_no_code(page):
    assert page.index("<h1>") < page.index("data:image/svg+xml") < page.index("data:image/jpeg")
    assert page.index("data:image/jpeg") < page.index("<nav") < page.index("<table>")
    assert page.count("data:image/") >= 12
    assert "from common" not in page and "Traceback" not in page
    for title in ("Where does it fail?", "What must not be concluded?", "About this run"):
        assert title in page


def test_the_page_says_what_it_was_made_of(run, page):
    told = read_description(run)
    assert told.started[:10] in page and str(told.software["commit"])[:10] in page
    assert "python bench.py --data" in page


def test_pictures_of_val_and_of_the_photos_are_in_the_report(page):
    assert "Worst: image " in page and "Best: image " in page
    assert "On 1 photo the masks have" in page


def test_every_picture_is_a_file_too_and_none_of_before_stays(copy, data, page, tmp_path):
    folder = copy / "figures"
    names = {path.name for path in folder.iterdir()}
    assert {"ranked.svg", "ranked.png", "trade-off.png", "photo-1.jpg"} <= names
    assert {Path(name).stem for name in names if name.endswith(".svg")} == {
        Path(name).stem for name in names if name.endswith(".png")
    }
    assert page.count("<img ") == len([name for name in names if not name.endswith(".svg")])
    (folder / "old.png").touch()
    notebook = notebook_of(tmp_path / "n.ipynb", ("DATA = 1\nRUN = 2", ["parameters"]))
    assert write_report(copy, data, notebook) == copy / "report.html"
    assert {path.name for path in folder.iterdir()} == names


def test_the_executed_notebook_stays_beside_the_report(run, data, page):
    notebook = nbformat.read(run / "report.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert str(data) in cells[0].source and str(run) in cells[0].source
    shown = [set(output.get("data", {})) for cell in cells for output in cell.outputs]
    assert sum("image/png" in kinds for kinds in shown) >= 10
    assert "report.ipynb" in page
    words = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert "which approach to take" in words[0] and not any(".ipynb)" in text for text in words)
    tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
    assert not any("own-data" in each for each in tags) and "cigarette" not in str(words)
    texts = [str(output.get("data", {})) for cell in cells for output in cell.outputs]
    headings = re.findall(r"<h2>(.*?)</h2>", page)[:-1]
    assert headings and all(f"## {heading}" in "".join(texts) for heading in headings)


def shared(folder: Path) -> set[Path]:
    """Files that a fresh clone has in the folder, and their folders."""
    try:
        listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=folder, text=True)
    except (OSError, subprocess.CalledProcessError):  # no git, or an unpacked archive
        listed = ""
    files = [folder / name for name in listed.split("\0") if name] or folder.rglob("*")
    return {path for file in files for path in (file, *file.parents)}


def test_every_link_of_the_shared_example_leads_to_a_file_of_it():
    there = shared(EXAMPLE)
    pages = [path for path in there if path.suffix == ".html"]
    assert EXAMPLE / "report.html" in pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        links = {unquote(link) for link in re.findall(r'(?:href|src)="([^"#:]+)"', text)}
        assert links and not [link for link in links if page.parent / link not in there]


def test_sections_of_the_page_are_those_of_the_notebook():
    source = (ROOT / "notebooks" / "leaderboard.ipynb").read_text(encoding="utf-8")
    shown = re.findall(r"show\(sections\.(\w+)\(material\)\)", source)
    assert shown == [section.__name__ for section in ALL]


def test_the_notebook_names_a_run_in_the_project_by_a_path_of_every_clone(tmp_path):
    written = _written(ROOT / "results" / "cig-butts")
    assert Path(written) == Path("..", "results", "cig-butts")
    assert placed(written) == ROOT / "results" / "cig-butts"
    assert _written(tmp_path) == str(tmp_path.resolve())


def test_the_notebook_itself_stays_as_it_is(tmp_path):
    path = notebook_of(tmp_path / "n.ipynb", ("DATA = 1", ["parameters"]), ("print(DATA)", []))
    before = path.read_bytes()
    assert execute(path, {"DATA": "a"}).cells[1].outputs[0].text == "a\n"
    assert path.read_bytes() == before


def test_a_finished_run_is_reported_by_the_command_line(reported, run):
    assert (reported / "said.txt").read_text(encoding="utf-8").strip() == str(run / "report.html")
    assert (run / "report.html").is_file()


def test_no_run_and_no_data_are_said(tmp_path, capsys):
    for words in ([], ["--data", str(tmp_path)], ["--no-pictures"]):
        assert main([str(tmp_path), *words]) == 2
        assert "has no run.json; expected the folder of a finished run" in capsys.readouterr().err
    (tmp_path / "run.json").write_text('{"data": "gone"}'[:9])
    assert main([str(tmp_path)]) == 2
    assert "run.json cannot be read: its 9 bytes are no JSON" in capsys.readouterr().err
    (tmp_path / "run.json").write_text('{"data": "gone", "identity": {}, "command": "--epochs 2"}')
    assert main([str(tmp_path)]) == 2
    assert (
        "it has no leaderboard yet. The command that made the run goes on with it: python "
        "bench.py --epochs 2" in (capsys.readouterr().err)
    )
    (tmp_path / "leaderboard.csv").write_text("approach,status\nunet,ok\n")
    assert main([str(tmp_path)]) == 2
    assert (
        "names the data folder 'gone', which is not there; give it with --data DIR"
        in capsys.readouterr().err
    )


def test_a_run_without_a_complete_approach_is_refused_with_what_became_of_each(tmp_path, capsys):
    (tmp_path / "run.json").write_text('{"data": "gone", "identity": {}}')
    (tmp_path / "leaderboard.csv").write_text(
        "approach,status\nunet,failed\ntta_ensemble,skipped\n"
    )
    assert main([str(tmp_path), "--no-pictures"]) == 2
    told = capsys.readouterr().err
    assert (
        "has no complete approach (unet failed, tta_ensemble skipped); a report needs one." in told
    )


def test_data_that_is_not_the_runs_is_refused_and_the_old_report_stays(copy, tmp_path, capsys):
    target, old = copy / "report.html", b"an older report"
    target.write_bytes(old)
    other = generate(
        tmp_path / "other",
        train=4,
        val=2,
        real_test=0,
        size=128,
        seed=4,
        workers=1,
        progress=False,
    )
    (tmp_path / "empty").mkdir()
    for wrong, said in [
        (tmp_path / "nowhere", "nowhere is no folder; expected the data of the run"),
        (tmp_path / "empty", "empty does not hold the data of"),
        (other, "other holds other images or annotations than"),
    ]:
        assert main([str(copy), "--data", str(wrong)]) == 2
        told = capsys.readouterr().err
        assert said in told and "leave the pictures out with --no-pictures" in told
        assert target.read_bytes() == old


def test_without_pictures_the_page_says_so(run, page, tmp_path):
    assert "Without pictures:" not in page
    shutil.copytree(run, tmp_path / "run", ignore=LARGE)
    assert main([str(tmp_path / "run"), "--no-pictures", "--data", "nowhere"]) == 0
    bare = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert bare.index("Without pictures:") < bare.index("<h1>")
    assert "so it shows no photos" in bare and "no photo without labels" not in bare
    assert 0 < bare.count("data:image/") < page.count("data:image/")


def test_the_page_waits_for_what_it_links_to_and_is_left_where_nobody_waits(run, tmp_path):
    shutil.copytree(run, tmp_path / "run", ignore=LARGE)
    linked, over = tmp_path / "run" / "galleries" / "val.html", Event()

    def make() -> None:
        linked.parent.mkdir(exist_ok=True)
        linked.touch()

    linked.unlink(missing_ok=True)
    page, _ = _drawn(tmp_path / "run", None, make, over)
    assert 'href="galleries/val.html"' in page
    assert _drawn(tmp_path / "run", None, over.set, over) == ("", {})


def test_the_error_of_a_cell_is_told_without_the_colours_of_a_terminal(tmp_path):
    cells = ("DATA = 1", ["parameters"]), ("{}['a key']", [])
    with pytest.raises(ReportError, match="did not run to its end: KeyError: 'a key'") as caught:
        execute(notebook_of(tmp_path / "n.ipynb", *cells), {"DATA": "a"})
    assert "\x1b" not in str(caught.value)


def test_cells_import_this_project_whatever_else_is_installed(tmp_path, monkeypatch):
    (tmp_path / "other" / "common").mkdir(parents=True)
    (tmp_path / "other" / "common" / "__init__.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "other"))
    cells = (
        ("DATA = 1", ["parameters"]),
        ("import common, sys\nprint(common.__file__, *sys.path, sep='\\n')", []),
    )
    done = execute(notebook_of(tmp_path / "n.ipynb", *cells), {"DATA": "a"})
    place, *paths = done.cells[1].outputs[0].text.splitlines()
    assert Path(place) == ROOT / "common" / "__init__.py"
    assert str(tmp_path / "other") in paths


def test_an_interrupt_ends_the_kernel_and_is_told_in_one_line(run, data, tmp_path):
    slow = (
        f"from pathlib import Path\nPath({str(tmp_path / 'begun')!r}).touch()\nimport "
        "time\ntime.sleep(600)"
    )
    notebook = notebook_of(tmp_path / "n.ipynb", ("DATA = 1\nRUN = 2", ["parameters"]), (slow, []))
    command = (
        f"import common.report.page as it; it.NOTEBOOK = {str(notebook)!r}; "
        "from common.report.__main__ import main; raise SystemExit(main())"
    )
    words = [sys.executable, "-c", command, str(run), "--data", str(data)]
    started = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 300
    while not (tmp_path / "begun").exists() and time.monotonic() < until:
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    out, told = started.communicate(timeout=120)
    assert (started.returncode, out) == (130, ""), told
    assert told == f"interrupted; {run / 'report.html'} is as it was before\n"


def test_a_notebook_without_the_parameters_is_refused(tmp_path):
    notebook = notebook_of(tmp_path / "n.ipynb", ("DATA = 1", ["parameters"]))
    with pytest.raises(
        ReportError, match=r"sets DATA in a cell tagged parameters; RUN is expected"
    ):
        execute(notebook, {"DATA": "a", "RUN": "b"})


def test_a_failing_cell_is_told_and_leaves_no_report(copy, data, tmp_path):
    cells = ("DATA = 1\nRUN = 2  # a run", ["parameters"]), ("raise ValueError('this broke')", [])
    target, old = copy / "report.html", b"an older report"
    target.write_bytes(old)
    with pytest.raises(ReportError, match=r"n\.ipynb did not run to its end: .*this broke"):
        write_report(copy, data, notebook_of(tmp_path / "n.ipynb", *cells))
    assert target.read_bytes() == old


def test_parameters_reach_the_cells(tmp_path):
    cells = ('DATA = "x"  # data\nRUN = "y"', ["parameters"]), ("print(DATA, RUN)", [])
    done = execute(
        notebook_of(tmp_path / "n.ipynb", *cells), {"DATA": "a 'quoted' \\name", "RUN": "b"}
    )
    assert done.cells[1].outputs[0].text == "a 'quoted' \\name b\n"


def test_a_page_that_loads_something_is_refused(run, tmp_path):
    shutil.copytree(run, tmp_path / "run", ignore=LARGE)
    path = tmp_path / "run" / "photos_read.csv"
    path.write_text(
        "photo,approach,objects,found,invented,remark\n"
        f"a.jpg,{read_description(run).winner},1,1,0,![](https://example.org/x.png)\n"
    )
    with pytest.raises(ReportError, match=r"it would load https://example\.org/x\.png"):
        write_report(tmp_path / "run", None)
    assert not (tmp_path / "run" / "figures").exists()


def test_html_in_names_and_remarks_is_text(run, tmp_path):
    folder = tmp_path / "a <b>"
    shutil.copytree(run, folder, ignore=LARGE)
    (folder / "photos_read.csv").write_text(
        "photo,approach,objects,found,invented,remark\n"
        f"<i>.jpg,{read_description(run).winner},1,1,0,<script>alert(1)</script>\n"
    )
    sections = [section(gather(read_run(folder), None)) for section in ALL]
    page = rendered(gather(read_run(folder), None), sections)
    assert "<title>Report of a &lt;b&gt;</title>" in page
    assert "&lt;i&gt;.jpg" in page and "&lt;script&gt;alert(1)" in page
    assert foreign_resources(without_own_script(page)) == []
