"""The colours of all figures, which people with colour-blindness tell apart: an approach and a
split have the same one in every figure.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

Colours: TypeAlias = Mapping[str, str]  # approach → #RRGGBB

# M. Okabe and K. Ito, Color Universal Design, 2008.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#777777"
# of what was predicted, on photos: no ground, object or approach has this colour
MAGENTA = "#FF2DC4"
SPLIT_COLOURS = {"train": BLUE, "val": ORANGE, "real_test": VERMILION}
# For approaches without a colour of their own, in this order.
FREE = (
    *(BLACK, "#44AA99", "#882255", "#999933", "#332288", YELLOW),
    *(PURPLE, GREEN, BLUE, ORANGE, SKY, VERMILION),
)


def split_colour(split: str) -> str:
    """The colour of a split as `#RRGGBB`; black for a name that is not known."""
    return SPLIT_COLOURS.get(split, BLACK)


def colours_of(names: Iterable[str], own: Colours | None = None) -> dict[str, str]:
    """Approach → colour as `#RRGGBB`, the same for the same set of approaches in whatever order.

    Args:
        names: of the approaches.
        own: approach → its own colour; the others get those that are left.

    Examples:
        >>> colours = colours_of(["mine", "yours"], {"mine": "#000000"})
        >>> colours["yours"] == colours_of(["yours", "mine"], {"mine": "#000000"})["yours"]
        True
        >>> colours["mine"], len(set(colours.values()))
        ('#000000', 2)
    """
    ordered, own = sorted(set(names)), own or {}
    taken = {own[name] for name in ordered if name in own}
    free = [colour for colour in FREE if colour not in taken]
    others = [name for name in ordered if name not in own]
    given = {name: free[place % len(free)] for place, name in enumerate(others)}
    return {name: own[name] if name in own else given[name] for name in ordered}
