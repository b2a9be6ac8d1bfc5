"""One observation of the data analysis: sentences with numbers, and what follows from them for the
training. Both are made from data.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Observation:
    """What was found on one topic.

    Attributes:
        topic: one or two words.
        found: sentences with numbers.
        consequence: what it means for training, scoring or collecting.
    """

    topic: str
    found: str
    consequence: str

    def _repr_markdown_(self) -> str:
        """How a notebook shows it."""
        return f"**Finding.** {self.found}\n\n**Consequence.** {self.consequence}"


def consequences(observations: Sequence[Observation]) -> str:
    r"""The consequences of all observations as a Markdown list, in their order.

    Examples:
        >>> small = Observation("sizes", "Small.", "Look closely.")
        >>> consequences([small, Observation("share", "Little.", "Use Dice.")])
        '- **sizes**: Look closely.\n- **share**: Use Dice.'
    """
    return "\n".join(f"- **{one.topic}**: {one.consequence}" for one in observations)
