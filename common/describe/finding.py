"""What a finding is: a sentence with numbers, and what follows from it for the training. Both are
made from data.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Finding:
    """One finding of the data analysis.

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


def consequences(findings: Sequence[Finding]) -> str:
    r"""The consequences of all findings as a Markdown list, in their order.

    Examples:
        >>> small = Finding("sizes", "Small.", "Look closely.")
        >>> consequences([small, Finding("share", "Little.", "Use Dice.")])
        '- **sizes**: Look closely.\n- **share**: Use Dice.'
    """
    return "\n".join(f"- **{finding.topic}**: {finding.consequence}" for finding in findings)


def percent(share: float) -> str:
    """A share as text: with one decimal below 10 %, and never 0 % or 100 % unless it is exactly
    that.

    Examples:
        >>> percent(0.123), percent(0.0123), percent(0.0001), percent(0.9999), percent(1.0)
        ('12 %', '1.2 %', 'less than 0.1 %', 'more than 99.9 %', '100 %')
    """
    if np.isnan(share):
        return "an unknown share"
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    if share < 0.001:
        return "less than 0.1 %"
    if share > 0.999:
        return "more than 99.9 %"
    return f"{100 * share:.{0 if 0.0995 <= share <= 0.995 else 1}f} %"


def counted(number: int, noun: str) -> str:
    """A number and its noun.

    Examples:
        >>> counted(1, "image"), counted(1200, "image")
        ('1 image', '1,200 images')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(words: Sequence[str], most: int = 6) -> str:
    """Words as an enumeration.

    Examples:
        >>> listed(["a", "b", "c"]), listed(["a"]), listed([]), listed(["a", "b", "c"], most=2)
        ('a, b and c', 'a', 'none', 'a, b and 1 more')
    """
    words = list(words)
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "none"


def span(values: pd.Series | np.ndarray, unit: str = "", digits: int = 0) -> str:
    """The median of numbers and the range that nine of ten lie in (5 % to 95 % quantile) as text;
    NaN are left out.

    Examples:
        >>> span(np.arange(101.0), "px")
        '50 px (nine of ten from 5 to 95)'
    """
    low, middle, high = np.nanquantile(np.asarray(values, dtype=float), [0.05, 0.5, 0.95])
    said = " ".join(filter(None, (f"{middle:.{digits}f}", unit)))
    return f"{said} (nine of ten from {low:.{digits}f} to {high:.{digits}f})"
