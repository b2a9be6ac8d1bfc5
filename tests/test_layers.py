"""Imports run one way: from layers above a file's own in the table, never from its own layer or
from below.
"""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

from approaches import TABLE

ROOT = Path(__file__).parent.parent
PLUG_INS = tuple(sorted({entry.target.split(":")[0] for entry in TABLE.values()}))
# A folder stands for all its files. Units that stand together know nothing of each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("common",),
    ("common.commands", "common.logs"),
    (
        "common.rle",
        "common.files",
        "common.foreign_csv",
        "common.metrics",
        "common.offline_page",
        "common.page_template",
        "common.geometry",
        "common.progress",
        "common.scale",
        "common.words",
        "common.statistics",
    ),
    ("common.image_files", "common.json_files", "common.csv_files"),
    ("common.model_files",),
    ("common.coco", "common.sample"),
    ("common.data",),
    ("common.masks",),
    ("common.gallery",),
    ("common.analysis", "common.predictions", "common.records", "common.submission"),
    ("common.leaderboard", "common.describe"),
    ("common.exported",),
    ("common.report",),
    ("commands of common",),
    ("approaches.base", "approaches.memory", "approaches.whereabouts"),
    ("approaches", "approaches.predictors", "approaches.processes"),
    ("approaches.segmenter",),
    ("approaches.network",),
    ("approaches.configs",),
    ("approaches.regions",),
    (*PLUG_INS, "approaches.fold_mean"),
    ("approaches.running",),
    ("approaches.stored", "approaches.studies"),
    ("approaches.checks", "approaches.export", "approaches.predict"),
    ("approaches.score",),
    ("bench",),
    ("approaches.__main__",),
)
LAYER = {unit: number for number, layer in enumerate(LAYERS) for unit in layer}
HEAVY = {
    "torch",
    "lightgbm",
    "accelerate",
    "albumentations",
    "timm",
    "segmentation_models_pytorch",
    "safetensors",
}


def source_files() -> list[Path]:
    inner = (path for folder in ("approaches", "common") for path in (ROOT / folder).rglob("*.py"))
    return sorted([*ROOT.glob("*.py"), *inner])


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in source_files()}


def unit_of(module: str) -> str:
    """The name in the table of layers that a module belongs to: its folder, else itself."""
    parts = module.split(".")
    if parts[0] == "common" and parts[-1] == "__main__":
        return "commands of common"
    return ".".join(parts[:2])


def imported(source: str) -> set[str]:
    """Modules that a source imports anywhere, also inside functions; `from package import module`
    is the module.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner & MODULES
            if not inner <= MODULES:
                found.add(node.module)
    return found


def wrong_arrows(module: str, source: str) -> list[str]:
    """Imports of ours in the source of `module` that do not come from a layer above."""
    own = {
        unit_of(name)
        for name in imported(source)
        if name.split(".")[0] in ("approaches", "common", "bench")
    }
    here = unit_of(module)
    return sorted(name for name in own - {here} if name not in LAYER or LAYER[name] >= LAYER[here])


@pytest.mark.parametrize("path", source_files(), ids=module_of)
def test_a_file_has_its_place_and_imports_from_above(path):
    module = module_of(path)
    assert unit_of(module) in LAYER, f"{module} has no place in the table of layers; give it one"
    assert wrong_arrows(module, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", sorted((ROOT / "common").rglob("*.py")), ids=module_of)
def test_the_ground_needs_no_learning_library(path):
    assert {
        name.split(".")[0] for name in imported(path.read_text(encoding="utf-8"))
    } & HEAVY == set()


def test_only_the_command_for_one_approach_imports_the_benchmark():
    importers = [
        module_of(path)
        for path in source_files()
        if "bench" in imported(path.read_text(encoding="utf-8"))
    ]
    assert importers == ["approaches.__main__"]


def test_no_import_runs_in_a_circle():
    arrows = {
        module_of(path): imported(path.read_text(encoding="utf-8")) & MODULES - {module_of(path)}
        for path in source_files()
        if path.name != "__init__.py"
    }
    order = list(graphlib.TopologicalSorter(arrows).static_order())  # raises CycleError
    assert len(order) > 100


def test_no_unit_has_two_places():
    assert sum(map(len, LAYERS)) == len(LAYER)


def test_the_rules_looked_at_something():
    arrows = [imported(path.read_text(encoding="utf-8")) & MODULES for path in source_files()]
    assert len(arrows) > 40
    assert sum(map(len, arrows)) > 100


@pytest.mark.parametrize(
    ("module", "line", "wrong"),
    [
        ("common.rle", "import approaches.base", ["approaches.base"]),
        ("common.coco.images", "from common import data", ["common.data"]),
        ("common.coco.images", "from common.coco.findings import Finding", []),
        ("common.coco.__main__", "from common.report import write_report", []),
        ("approaches.base", "def late():\n    from approaches import build", ["approaches"]),
        ("approaches.unet", "from approaches import threshold", ["approaches.threshold"]),
        ("approaches.tta_ensemble", "from approaches.unet import UNet", ["approaches.unet"]),
        (
            "approaches.network.training",
            "from approaches.running.run import run_approach",
            ["approaches.running"],
        ),
        ("approaches.running.run", "import bench", ["bench"]),
        ("approaches.running.run", "import json, common.nowhere", ["common.nowhere"]),
        ("approaches.running.run", "from approaches import TABLE, processes", []),
    ],
)
def test_an_arrow_that_runs_up_is_found(module, line, wrong):
    assert wrong_arrows(module, line) == wrong


@pytest.mark.parametrize(
    "modules",
    [
        [
            name
            for name in sorted(MODULES)
            if name.startswith("common") and not name.endswith("__main__")
        ],
        ["approaches", "approaches.configs", "approaches.running.options", "bench"],
    ],
    ids=["common", "the table"],
)
def test_importing_loads_no_learning_library(modules):
    command = f"import sys, {', '.join(modules)}; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
