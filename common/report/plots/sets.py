"""Figures of whole data sets: the share of the image, sizes of groups, alike grounds, and train
against photos.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from common.report.colours import BLUE, GREEN, GREY, ORANGE, split_colour
from common.report.plots.style import labelled, legend, plain_ticks, styled_axes

# Column of the tables → how its axis is called.
MEASURES = {
    "ground_brightness": "brightness (L*, 0 to 100)",
    "ground_a": "a*: green (−) to red (+)",
    "ground_b": "b*: blue (−) to yellow (+)",
    "ground_texture": "texture (local deviation of L*)",
    "sharpness": "sharpness (variance of the Laplacian)",
    "noise": "noise (deviation of L*)",
    "grain_px": "grain of the texture (px)",
}
LOGARITHMIC = ("sharpness", "noise", "grain_px")
SHOWN_GROUPS = 40


def share_figure(images: pd.DataFrame) -> Figure:
    """How much of an image is object, and how many objects it shows.

    Args:
        images: with the columns `object_share`, `objects` and `split`.
    """
    figure, axes = styled_axes(1, 2, width=5.0)
    visible = images[images["objects"] > 0]
    highest = int(images["objects"].max()) if len(images) else 0
    splits = list(dict.fromkeys(images["split"]))
    for place, split in enumerate(splits):
        colour, table = split_colour(split), visible[visible["split"] == split]
        if len(table):
            sns.ecdfplot(
                100 * table["object_share"],
                stat="percent",
                ax=axes[0, 0],
                color=colour,
                label=split,
            )
        counts = images.loc[images["split"] == split, "objects"].value_counts(normalize=True)
        width = 0.8 / len(splits)
        at = np.arange(highest + 1) + (place - (len(splits) - 1) / 2) * width
        axes[0, 1].bar(
            at,
            100 * counts.reindex(range(highest + 1), fill_value=0),
            width,
            color=colour,
            label=split,
        )
    labelled(axes[0, 0], "pixels of the image that are object (%)", "images with less (%)")
    labelled(axes[0, 1], "objects in the image", "share of images (%)")
    axes[0, 0].set_xlim(left=0)
    axes[0, 1].set_xticks(range(0, highest + 1, max(1, highest // 8)))
    axes[0, 1].set_xlim(-0.6, max(highest, 3) + 0.6)
    for one in axes.flat:
        legend(one)
    return figure


def group_figure(images: pd.DataFrame) -> Figure:
    """Images of each group: those of `train` above the line, those of other splits below it, the
    largest group of `train` first, so that a group that lies on both sides is seen.

    Args:
        images: with the columns `group` and `split`.
    """
    splits = list(dict.fromkeys(images["split"]))
    counts = pd.crosstab(images["group"], images["split"])[splits]
    counts = counts.sort_values(splits, ascending=False)
    figure, axes = styled_axes(width=8.6, height=3.6)
    one, shown = axes[0, 0], counts.head(SHOWN_GROUPS)
    places, below = np.arange(1, len(shown) + 1), np.zeros(len(shown))
    for split in splits:
        side = 1 if split == splits[0] else -1
        heights = side * shown[split].to_numpy()
        bottom = below if side < 0 else 0
        one.bar(places, heights, bottom=bottom, color=split_colour(split), label=split)
        below = below + heights if side < 0 else below
    for place, number in zip(places, shown[splits[0]], strict=True):
        one.annotate(str(number), (place, number), (0, 2), ha="center", fontsize=8,
                     textcoords="offset points")  # fmt: skip
    one.axhline(0, color=GREY, linewidth=1)
    more = f", {SHOWN_GROUPS} shown" if len(counts) > SHOWN_GROUPS else ""
    labelled(one, f"group ({len(counts)} in all{more})", "images of the group")
    one.xaxis.get_major_locator().set_params(integer=True)
    one.yaxis.set_major_formatter(lambda height, _: f"{abs(height):g}")
    legend(one, loc="upper right", ncols=len(splits))
    return figure


def similarity_figure(similar: pd.DataFrame) -> Figure:
    """How alike grounds are, against the two halves of one image; and how many images share a
    ground.

    Args:
        similar: with the columns `halves`, `distance`, `distance_in_group`, `distance_elsewhere`
            and `ground`.
    """
    figure, axes = styled_axes(1, 2, width=5.4)
    for column, name, colour, line in (
        ("halves", "the halves of one image", GREY, "--"),
        ("distance", "the most similar other image", BLUE, "-"),
        ("distance_in_group", "images of the same group (median)", GREEN, "-"),
        ("distance_elsewhere", "images of other groups (median)", ORANGE, "-"),
    ):
        if similar[column].notna().any():
            sns.ecdfplot(
                similar,
                x=column,
                stat="percent",
                ax=axes[0, 0],
                color=colour,
                linestyle=line,
                label=name,
            )
    limit = similar["halves"].median()
    axes[0, 0].axvline(limit, color=GREY, linewidth=0.8)
    axes[0, 0].set_xlim(0, 1)
    labelled(
        axes[0, 0], "distance of the grounds (0 same, 1 nothing in common)", "images with less (%)"
    )
    legend(axes[0, 0], loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    sizes = similar["ground"].value_counts().value_counts().sort_index()
    places = np.arange(len(sizes))
    images = sizes.index.to_numpy() * sizes.to_numpy()
    axes[0, 1].bar(places, 100 * images / max(images.sum(), 1), color=BLUE)
    axes[0, 1].set_xticks(places, sizes.index)
    axes[0, 1].set_xlim(-0.6, max(len(sizes), 4) - 0.4)
    labelled(axes[0, 1], "images that share a ground", "share of images (%)")
    return figure


def photo_figure(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """The images of each split and the photos without labels, in all that can be measured without
    a mask.

    Args:
        tables: by the name of the split, each with the columns of `MEASURES`; empty ones are left
            out.
    """
    tables = {split: table for split, table in tables.items() if len(table)}
    figure, axes = styled_axes(4, 2, width=5.6, height=1.0 + 0.36 * max(len(tables), 1))
    random = np.random.default_rng(0)  # the same scatter in every run
    for one, (column, wording) in zip(axes.flat, MEASURES.items(), strict=False):
        for place, (split, table) in enumerate(tables.items()):
            values = table[column].to_numpy(float)
            height = place + random.uniform(-0.28, 0.28, len(values))
            size, alpha = (9, 0.35) if len(values) > 40 else (22, 0.8)
            one.scatter(
                values, height, s=size, alpha=alpha, color=split_colour(split), linewidths=0
            )
            one.plot(
                [np.nanmedian(values)] * 2,
                [place - 0.38, place + 0.38],
                color="black",
                linewidth=2,
            )
        one.set_yticks(range(len(tables)), list(tables))
        one.set_ylim(len(tables) - 0.5, -0.5)
        if column in LOGARITHMIC:
            plain_ticks(one)
        labelled(one, f"{wording}, logarithmic" if column in LOGARITHMIC else wording, "")
    used = len(MEASURES)
    for one in axes.flat[used:]:
        one.set_axis_off()
        one.text(
            0,
            0.5,
            "each point an image; the bar is the median",
            fontsize=9,
            transform=one.transAxes,
        )
    return figure
