"""What the data sets say as wholes: problems, repeated cut-outs and grounds, and how the photos
without labels differ.

Each function reads tables and returns an `Observation`; see `common.describe.object_observations`.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from common.coco import CrowdRegions
from common.data.check import Finding
from common.describe.observation import Observation
from common.describe.similarity import effective_images
from common.words import counted, listed, percent

# Column → its name, and what more and less of it is called.
WORDS = {
    "ground_brightness": ("brightness", "brighter", "darker"),
    "ground_a": ("red against green", "redder", "greener"),
    "ground_b": ("yellow against blue", "yellower", "bluer"),
    "ground_texture": ("texture", "more textured", "smoother"),
    "sharpness": ("sharpness", "sharper", "softer"),
    "noise": ("noise", "noisier", "cleaner"),
    "grain_px": ("grain", "coarser in grain", "finer in grain"),
}
APART = (
    "No ground occurs in two groups as far as colour and texture can tell, so a split by groups "
    "keeps grounds apart as well. Images of one place in another light look different to this "
    "measure; there the groups of the annotation file are what counts."
)
FAR = 0.25  # a median photo beyond the outer quarters of the training images is called different
ADVICE = {
    "sharper": (
        "the augmentation blurs but does not sharpen, so such edges are seen only in crops that "
        "are scaled down"
    ),
    "softer": "blur in the augmentation is of use",
    "noisier": "noise and compression in the augmentation may help",
    "finer in grain": "the ground is seen from further away or in better focus; if objects are "
    "smaller too, scale down further than the default (`zoom`)",
    "coarser in grain": "the ground is seen from nearer or in worse focus; if objects are larger "
    "too, scale up further than the default (`zoom`)",
    "greener": (
        "more plants on the ground than in training: images on grass and soil are worth most"
    ),
    "brighter": "brightness must vary upwards in training",
    "darker": "brightness must vary downwards in training",
    "more textured": "false objects in rough ground are the thing to look for",
}


def of_problems(problems: Sequence[Finding]) -> Observation:
    """What the data check found."""
    errors = [problem for problem in problems if problem.level == "error"]
    kinds = list(dict.fromkeys(problem.found for problem in problems))
    warnings = sum(problem.level == "warning" for problem in problems)
    if not problems:
        return Observation(
            "quality",
            "The check finds no unreadable file, no outline out of its image and no repeated "
            "image.",
            "Nothing has to be mended. That the outlines are right is not checked: look at the "
            "examples.",
        )
    found = (
        f"The check finds {counted(len(errors), 'error')} and {counted(warnings, 'warning')}: "
        f"{listed(kinds, 4)}."
    )
    then = (
        "The errors must be mended before a run, as the table says."
        if errors
        else "A run can go on; each warning stands in the table with what it changes."
    )
    return Observation("quality", found, then)


def of_crowd(crowd: Mapping[str, CrowdRegions]) -> list[Observation]:
    """The regions that count neither as object nor as ground; nothing where there are none.

    Args:
        crowd: by split.
    """
    found = [f"In {split}, {regions}." for split, regions in crowd.items() if regions.regions]
    consequence = (
        "Training and scores leave these pixels out. If they are objects, --crowd object takes "
        "them as such."
    )
    return [Observation("ignored regions", " ".join(found), consequence)] if found else []


def of_groups(images: pd.DataFrame) -> Observation:
    """How many independent images, by the groups of the annotation file.

    Args:
        images: of `describe_data_set`, with the columns `split` and `group`; the scoring split is
            `val`.
    """
    counts = {
        split: effective_images(table["group"])
        for split, table in images.groupby("split", sort=False)
    }
    parts = [
        f"the {counted(count['images'], 'image')} of {split} form "
        f"{counted(count['groups'], 'group')}, the largest of {count['largest']}, and tell "
        f"as much as {count['effective']:.0f} to {count['images']} independent images, depending "
        "on how alike those of a group are"
        for split, count in counts.items()
    ]
    groups = {split: set(table["group"]) for split, table in images.groupby("split", sort=False)}
    train, val = groups.get("train", set()), groups.get("val", set())
    known = images.loc[images["split"] == "val", "group"].isin(train).mean()
    found = f"By their groups, {'; '.join(parts)}."
    if train & val:
        found += (
            f" {len(train & val)} of the {len(val)} groups of val are in train too, and "
            f"{percent(known)} of its images."
        )
    alone = all(count["groups"] == count["images"] for count in counts.values())
    then = (
        "Every image stands for itself, so the interval of a score rests on the number of images."
        if alone
        else "A group is never divided between *fit* and *tune*, and intervals resample groups "
        "instead of images: they are wider than a count of files suggests, and new groups narrow "
        "them more than new images of these."
    )
    if train & val:
        then += (
            " A score on val says how well known objects are found again; new ones may be found "
            "less well."
        )
    return Observation("groups", found, then)


def of_grounds(similar: pd.DataFrame) -> Observation:
    """How often grounds repeat, inside groups and across them.

    Args:
        similar: of `similar_images`.
    """
    limit = similar["halves"].median()
    repeated = float((similar["distance"] <= limit).mean())
    count = effective_images(similar["ground"])
    inside, outside = similar["distance_in_group"].median(), similar["distance_elsewhere"].median()
    found = (
        f"{percent(repeated)} of the images have another whose ground is as like theirs as the "
        f"two halves of one image are in the median (distance {limit:.2f}). Put together where "
        f"they are that alike, the {counted(count['images'], 'image')} show about "
        f"{counted(count['groups'], 'ground')}."
    )
    if pd.notna(inside) and pd.notna(outside):
        found += (
            f" Two images of one group are {inside:.2f} from each other in the median, two of "
            f"different groups {outside:.2f}: the groups say "
            f"{'much' if inside < 0.9 * outside else 'little'} of how the ground looks."
        )
    crossed = sum(len(set(groups)) > 1 for _, groups in similar.groupby("ground")["group"])
    if not crossed:
        return Observation("grounds", found, APART)
    val = similar[similar["split"] == "val"]
    twins = float((val["distance_other_split"] <= limit).mean())
    return Observation(
        "grounds",
        f"{found} {counted(crossed, 'ground')} {'lies' if crossed == 1 else 'lie'} under images "
        "of several groups.",
        "A split by groups still shows the same grounds on both sides"
        + (f": {percent(twins)} of the val images have such a twin in train" if len(val) else "")
        + ". Scores on *tune* and val may be optimistic; new grounds are worth more than new "
        "files, be it photos of them or objects laid on them.",
    )


def compare_photos(images: pd.DataFrame, photos: pd.DataFrame) -> pd.DataFrame:
    """Where the photos without labels lie among the training images.

    Args:
        images: of `describe_data_set`.
        photos: of `describe_photos`, at least one.

    Returns:
        One row for each column of `WORDS`: `train_median`, `photo_median`, `rank`, the share of
            training images that
        the median photo exceeds (ties count half), and `word`, what the photos are, or "like
        train".
    """
    rows = []
    for column, (_, more, less) in WORDS.items():
        known, middle = images[column].dropna(), photos[column].median()
        rank = float(((known < middle).mean() + (known <= middle).mean()) / 2)
        word = more if rank > 1 - FAR else less if rank < FAR else "like train"
        rows.append((column, known.median(), middle, rank, word))
    return pd.DataFrame(rows, columns=["column", "train_median", "photo_median", "rank", "word"])


def of_photos(images: pd.DataFrame, photos: pd.DataFrame) -> Observation:
    """How the photos without labels differ from the training images.

    Args:
        images: of the training split.
        photos: of `describe_photos`.
    """
    unlabelled = (
        "They have no labels: how many objects they show and how large is not known, so look at "
        "their masks."
    )
    if photos.empty:
        return Observation(
            "photos",
            "There are no photos without labels.",
            "Nothing says whether the scores hold on real photos.",
        )
    table = compare_photos(images, photos)
    different = table[table["word"] != "like train"]
    parts = [
        f"{row.word} than {percent(max(row.rank, 1 - row.rank))}" for row in different.itertuples()
    ]
    alike = [WORDS[column][0] for column in table.loc[table["word"] == "like train", "column"]]
    of = f"The median of {counted(len(photos), 'photo')}"
    if parts:
        found = f"{of} is {listed(parts, 7)} of the training images"
        found += f"; in {listed(alike, 7)} it is like them." if alike else "."
    else:
        found = (
            f"{of} lies in the middle half of the training images in everything that is measured."
        )
    found += " So few photos give hints, not measures." if len(photos) < 30 else ""
    advice = [ADVICE[word] for word in different["word"] if word in ADVICE]
    then = "; ".join(advice)
    then = f"{then[0].upper()}{then[1:]}. " if then else ""
    then += "Do not take the scores on val for scores on these photos. " if parts else ""
    return Observation("photos", found, then + unlabelled)
