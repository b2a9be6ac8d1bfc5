"""One observation of the data analysis: sentences with numbers, and what follows from them for the
training. Both are made from data.
"""

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
