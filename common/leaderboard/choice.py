"""How the winner of a run is chosen; apart from the leaderboard, so that a command line can tell
its defaults before anything large is imported.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.statistics.selection import Rule

RULES: "tuple[Rule, ...]" = ("cheapest-equivalent", "best")


@dataclass(frozen=True)
class Choice:
    """How the winner is chosen.

    Attributes:
        rule: "cheapest-equivalent" takes the fastest approach whose loss to the best is surely
            below the margin, or the best where there is none; "best" takes the best.
        margin: of mean Dice.
    """

    rule: "Rule" = "cheapest-equivalent"
    margin: float = 0.01
