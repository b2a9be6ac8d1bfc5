"""What one approach came to on one named set of labelled images, as its record keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.masks.found_objects import SetScore


@dataclass(frozen=True)
class SetResult:
    """Scores on a named set.

    Attributes:
        name: of the set.
        role: "test" was never chosen on, "field" was.
        key: digest of its images and annotations; another one is another set.
        scores: one for each image; none where it failed.
        reason: why it failed.
    """

    name: str
    role: str
    key: str
    scores: tuple[SetScore, ...] = ()
    reason: str = ""


def with_result(results: Sequence[SetResult], new: SetResult) -> tuple[SetResult, ...]:
    """The results with that of one set replaced or added."""
    names = [one.name for one in results]
    if new.name not in names:
        return (*results, new)
    return tuple(new if one.name == new.name else one for one in results)
