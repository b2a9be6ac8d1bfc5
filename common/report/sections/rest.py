"""What must not be concluded, and all numbers."""

from common.leaderboard import as_markdown
from common.leaderboard.text import FOOT
from common.report.narrative.ranking import of_limits
from common.report.section import Details, Link, Section
from common.report.sections.material import Material


def limits(material: Material) -> Section:
    """What must not be concluded."""
    text = of_limits(material.run, material.photo_count)
    return Section("limits", "What must not be concluded?", text)


def numbers(material: Material) -> Section:
    """Every column of the leaderboard, and how each is computed."""
    board = material.run.board.dropna(axis=1, how="all")
    submitted = sorted((material.run.folder / "submission").glob("*.csv"))
    table = board.set_index("approach").T.reset_index(names="")
    return Section(
        "numbers",
        "All numbers",
        "",
        details=[
            Details("The whole leaderboard", as_markdown(table, list(table.columns))),
            Details("How each number is computed", FOOT),
        ],
        links=[
            Link("leaderboard.csv", "leaderboard"),
            Link("per_image.csv", "every image"),
            Link("images.csv", "what each image shows"),
            Link("strata.csv", "by size, contrast and brightness"),
            Link("run.json", "everything needed to repeat the run"),
            Link("log.txt", "what was printed"),
            *(Link(f"submission/{path.name}", "the submission") for path in submitted),
            Link("report.ipynb", "this report as a notebook"),
            Link("figures", "its figures as files"),
        ],
    )
