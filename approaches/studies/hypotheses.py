"""The hypotheses, each with what is expected of it before it is run. A new study is an entry of
this table; `python bench.py --study NAME` runs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from approaches.base import ConfigError
from common.commands import did_you_mean

NETWORK = "smp_unet_lite0"
# Of the published studies, whatever has become the default since. The last epoch is kept: nothing
# of a training is chosen on the images that judge it.
AS_PUBLISHED = {
    "evaluations": 1,
    "background_share": None,
    "paste_share": 0.0,
    "zoom": (0.6, 1.5),
    "decoder_width": 1.0,
}
# today's defaults but for that choice
JUDGED_ONCE = {"evaluations": 1}
# the same for the pixel classifier, which else keeps the round that is best on them
ALL_ROUNDS = {"patience": 0}
Expects = Literal["better", "worse", "same", "no better", ""]  # "no better" is the same or worse


@dataclass(frozen=True)
class Variation:
    """One change of the baseline.

    Attributes:
        expected: what it should do, and why, said beforehand.
        expects: the same of its mean Dice against the baseline's, for counting; the baseline alone
            has none.
        settings: of the approach, beside the baseline's.
        steps_share: of the baseline's steps, where one step costs more or less, so that the time
            is about equal.
        groups_share: of the groups that are trained on.
        images_share: of the images of each of these groups, at least one.
        approach: another than the study's; one that combines others is given the baseline's
            trained models.
        at_half: its masks are cut at 0.5, not at the threshold that other groups choose; with the
            baseline's settings nothing is trained for it.
        unmeasured: the part of what is expected that the Dice of the folds cannot show.
    """

    expected: str
    expects: Expects = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    steps_share: float = 1.0
    groups_share: float = 1.0
    images_share: float = 1.0
    approach: str = ""
    at_half: bool = False
    unmeasured: str = ""


@dataclass(frozen=True)
class Study:
    """One question.

    Attributes:
        question: in words.
        variations: by name; all are compared with the baseline.
        approach: that is varied.
        baseline: its settings that differ from the defaults of the table.
        steps: of each training, unless the command line says otherwise.
        outcome: one sentence, written after the finding: what was done with the default, and why;
            empty while nothing is decided.
    """

    question: str
    variations: Mapping[str, Variation]
    approach: str = NETWORK
    baseline: Mapping[str, Any] = field(default_factory=lambda: AS_PUBLISHED)
    steps: int = 100
    outcome: str = ""


FEWER_IMAGES = {
    "half of the groups": Variation(
        "Worse: unseen objects are learned from different objects.", "worse", groups_share=0.5
    ),
    "a quarter of the groups": Variation("Worse still.", "worse", groups_share=0.25),
    "an eighth of the groups": Variation(
        "Far worse: too few to tell object from ground.", "worse", groups_share=0.125
    ),
    "half of each group's images": Variation(
        "As good: another photo of the same object tells little.", "same", images_share=0.5
    ),
    "a quarter of each group's images": Variation(
        "A little worse: fewer grounds.", "worse", images_share=0.25
    ),
    "an eighth of each group's images": Variation(
        "Worse: few grounds, and few poses of each object.", "worse", images_share=0.125
    ),
}

SHORTER = {
    "half of the steps": Variation(
        "A little worse: most of it is learned, and the schedule ends sooner.",
        "worse",
        steps_share=0.5,
    ),
    "a quarter of the steps": Variation("Worse by a point or two.", "worse", steps_share=0.25),
    "an eighth of the steps": Variation(
        "Worse: ten passes over the images are too few for outlines.", "worse", steps_share=0.125
    ),
    "a sixteenth of the steps": Variation(
        "Far worse: it hardly finds the objects.", "worse", steps_share=0.0625
    ),
}

STUDIES: dict[str, Study] = {
    "augmentation": Study(
        "Which changes of the training images help on objects that training never saw?",
        {
            "none": Variation(
                "Worse: with few different objects the network learns them by heart.",
                "worse",
                {"augmentation": "none"},
            ),
            "geometric alone": Variation(
                "A little worse: colour and light differ between photos, and only the full set "
                "varies them.",
                "worse",
                {"augmentation": "geometric"},
            ),
            "photometric alone": Variation(
                "Worse: objects lie at every angle and size, which must be learned from few.",
                "worse",
                {"augmentation": "photometric"},
            ),
            "copy-paste": Variation(
                "Better: every object is seen on many more grounds, and more crops hold one.",
                "better",
                {"paste_share": 0.5},
            ),
            "generated butts laid on": Variation(
                "Better: real grounds with objects of endless looks, where the data set has few.",
                "better",
                {"butt_share": 0.5},
            ),
            "generated scenes mixed in": Variation(
                "A little better: new objects, but the grounds are not real ones.",
                "better",
                {"generated_share": 0.25},
            ),
            "distractors laid on": Variation(
                "No difference here, fewer false objects on real photos: the data set's grounds "
                "hold little litter.",
                "same",
                {"litter_share": 0.5},
                unmeasured="fewer false objects on real photos",
            ),
        },
        outcome=(
            "On the cigarette butts none of these was shown to help, so the default stays; yet "
            "*none* (+0.016, -0.007 to +0.038) and *photometric alone* (+0.015) hint that in so "
            "short a training augmentation costs Dice, which is why there is the study "
            "*longer-training*. Generated scenes hurt, so none are mixed in. Pasting objects of "
            "other images was made the default all the same: these trainings cannot show what "
            "that does on photos of other ground."
        ),
    ),
    "longer-training": Study(
        "Does augmentation that costs in a short training pay in one four times as long?",
        {
            "photometric alone": Variation(
                "Worse than everything together: in so many passes the network has learned the "
                "few objects by heart.",
                "worse",
                {"augmentation": "photometric"},
            ),
            "generated butts laid on": Variation(
                "Better: what is seen more often than fifteen times should not always be the "
                "same.",
                "better",
                {"butt_share": 0.5},
            ),
        },
        steps=400,
    ),
    "loss": Study(
        "Which loss?",
        {
            "BCE": Variation(
                "Worse in Dice: small objects weigh little in it.", "worse", {"loss": "bce"}
            ),
            "Dice": Variation(
                "As good in Dice, but nothing is learned from crops without object.",
                "same",
                {"loss": "dice"},
                unmeasured="nothing is learned from crops without object",
            ),
            "focal Tversky": Variation(
                "More recall, less precision, no gain in Dice.",
                "no better",
                {"loss": "focal_tversky"},
            ),
            "BCE and Lovász": Variation(
                "As good: it aims at the same overlap.", "same", {"loss": "bce_lovasz"}
            ),
        },
        baseline=JUDGED_ONCE,
        outcome=(
            "On the cigarette butts neither BCE alone (-0.009) nor Dice alone (+0.005) was told "
            "apart, and with other defaults BCE alone had lost 0.012; the others were not run. "
            "The default stays BCE and Dice."
        ),
    ),
    "crops": Study(
        "Full images or crops near objects, in the same time?",
        {
            "full images": Variation(
                "Worse: most pixels of a full image are ground, so fewer objects are seen in the "
                "same time.",
                "worse",
                {"crop_px": 512, "batch": 4, "object_share": 0.0},
                steps_share=0.5,
            ),
            "crops anywhere": Variation(
                "Worse: most crops then hold no object.", "worse", {"object_share": 0.0}
            ),
            "crops of 128 px": Variation(
                "Worse in spite of twice the steps: large objects no longer fit into a crop.",
                "worse",
                {"crop_px": 128},
                steps_share=2.0,
            ),
        },
        outcome=(
            "On the cigarette butts nothing was told apart: full images (-0.150) and crops "
            "anywhere (-0.055) were worse with every seed, but so unevenly that the bounds reach "
            "zero; crops of 128 px were as good (+0.001). Crops of 256 px, in 400 steps, found "
            "less than half as many butts on streets. The default stays at crops of 192 px near "
            "objects."
        ),
    ),
    "pretraining": Study(
        "What do ImageNet weights give?",
        {
            "random weights": Variation(
                "Far worse: a few hundred steps do not replace ImageNet.",
                "worse",
                {"pretrained": False},
            )
        },
        outcome=(
            "On the cigarette butts random weights hurt (-0.353), so the default stays pretrained."
        ),
    ),
    "scale-jitter": Study(
        "How much should sizes vary in training?",
        {
            "no scaling": Variation(
                "Worse: butts come at many sizes.", "worse", {"zoom": (1.0, 1.0)}
            ),
            "wide scaling": Variation(
                "No difference here, better on photos from further away.",
                "same",
                {"zoom": (0.35, 1.8)},
                unmeasured="better on photos from further away",
            ),
        },
        outcome=(
            "On the cigarette butts, where the objects of one size range are judged, no scaling "
            "was as good (-0.002, -0.021 to +0.018); wide scaling was not run. The default was "
            "made wide all the same, 0.35 to 1.5, for photos from elsewhere; no study has tested "
            "that."
        ),
    ),
    "resolution": Study(
        "At which resolution should the network look, in the same time?",
        {
            "half": Variation(
                "Worse: outlines lose a pixel.", "worse", {"input_scale": 0.5}, steps_share=2.5
            ),
            "one and a half": Variation(
                "Worse in the same time: sharper outlines, but half the steps.",
                "worse",
                {"input_scale": 1.5},
                steps_share=0.5,
            ),
        },
        outcome=(
            "On the cigarette butts nothing was told apart: one and a half times the resolution "
            "was worse with every seed (-0.058), half of it hardly (-0.012), at a quarter of the "
            "time for an image. The default stays at the images' own."
        ),
    ),
    "views": Study(
        "Do flips and quarter turns of the image to predict pay?",
        {
            "2 views": Variation(
                "A little better.", "better", {"views": 2}, approach="tta_ensemble"
            ),
            "8 views": Variation(
                "Half a point to one point better, at eight times the cost.",
                "better",
                {"views": 8},
                approach="tta_ensemble",
            ),
        },
        outcome=(
            "On the cigarette butts 2 views (+0.017, +0.011 to +0.023) and 8 views (+0.019, "
            "+0.001 to +0.036) both help, and the first turn gives nearly all of it. So "
            "`tta_ensemble`, which chose between 1 and 8 views before, now doubles them only as "
            "long as that gains 0.002 on *tune*; a network alone stays at one view, because the "
            "leaderboard prices speed."
        ),
    ),
    "threshold": Study(
        "Does choosing the threshold of a network pay?",
        {
            "cut at 0.5": Variation(
                "As good: a network that was trained long enough is sure on both sides.",
                "same",
                at_half=True,
            )
        },
        baseline=JUDGED_ONCE,
        steps=2000,
        outcome=(
            "On the cigarette butts it gives the networks of *time* nothing (+0.000, -0.001 to "
            "+0.002; nothing was trained for it, and the Dice at 0.5 of other runs was known "
            "before). It is chosen all the same, because it costs nothing and others need it."
        ),
    ),
    "threshold-pixel": Study(
        "The same for the pixel classifier: does choosing its threshold pay?",
        {
            "cut at 0.5": Variation(
                "Far worse: it learns from as many pixels of objects as of ground, so it takes "
                "objects for as frequent as ground.",
                "worse",
                at_half=True,
            )
        },
        approach="pixel_lightgbm",
        baseline=ALL_ROUNDS,
        steps=80,
        outcome=(
            "On the cigarette butts a plain 0.5 costs the trainings of *pixel-features* 0.212 "
            "(0.167 to 0.256; nothing was trained for it, and the Dice at 0.5 of other runs was "
            "known before). So every approach's threshold is chosen on *tune*."
        ),
    ),
    "pixel-features": Study(
        "Which features does the pixel classifier need?",
        {
            "without colour": Variation(
                "Far worse: butts stand out by colour.",
                "worse",
                {"feature_groups": ("contrast", "edges", "texture")},
            ),
            "without contrast": Variation(
                "Worse: a colour says most beside that of its surroundings.",
                "worse",
                {"feature_groups": ("colour", "edges", "texture")},
            ),
            "without edges": Variation(
                "A little worse at the outline.",
                "worse",
                {"feature_groups": ("colour", "contrast", "texture")},
            ),
            "without texture": Variation(
                "Worse: butts are smooth, grounds are not.",
                "worse",
                {"feature_groups": ("colour", "contrast", "edges")},
            ),
            "four scales": Variation(
                "Worse: the coarse scales see a whole butt.", "worse", {"scales": 4}
            ),
        },
        approach="pixel_lightgbm",
        baseline=ALL_ROUNDS,
        steps=80,
        outcome=(
            "On the cigarette butts, in ten trainings over all 22 groups, the classifier loses "
            "0.028 without colour, 0.016 without texture, 0.011 without edges and 0.007 without "
            "contrast, and gains 0.004 with four scales; none of it is shown, so what one kind "
            "of feature tells can largely be told by the others. All of them stay."
        ),
    ),
    "images": Study(
        "Would more images help, and if so, more photos of the same objects or other objects?",
        FEWER_IMAGES,
        baseline=JUDGED_ONCE,
        steps=300,
        outcome=(
            "On the cigarette butts, with 300 steps on a GPU, half of the objects are not told "
            "apart from all (-0.003, -0.104 to +0.097), a quarter loses 0.041 to 0.098 in each "
            "training, and two objects lose 0.381. Twice as many objects are expected to give "
            "0.90 (0.86 to 0.94), against 0.893 now."
        ),
    ),
    "images-scratch": Study(
        "The same for a U-Net trained from scratch: would more images help it?",
        FEWER_IMAGES,
        approach="unet",
        baseline=JUDGED_ONCE,
        steps=300,
        outcome=(
            "On the cigarette butts, with 300 steps on a GPU, an eighth of each object's photos, "
            "52 images, gives as much as all 397 (+0.003), while 41 images of two objects lose "
            "0.314; the trainings differ too much to show either. Another object seems to be "
            "worth more than another photo of the same one."
        ),
    ),
    "images-pixel": Study(
        "The same for the pixel classifier: would more images help it?",
        FEWER_IMAGES,
        approach="pixel_lightgbm",
        baseline=ALL_ROUNDS,
        steps=80,
        outcome=(
            "On the cigarette butts half of the objects cost 0.044 and an eighth of each object's "
            "photos 0.063, both shown; half of the photos cost 0.016. It, too, gains more "
            "from new objects than from new photos."
        ),
    ),
    "time": Study(
        "Would more time help the pretrained network?",
        SHORTER,
        baseline=JUDGED_ONCE,
        steps=2000,
        outcome=(
            "On the cigarette butts, on a GPU, half of the steps lost 0.010, 0.009 and 0.010, "
            "just not shown, a sixteenth 0.026 to 0.087; 4,000 are expected to give 0.924 (0.911 "
            "to 0.937), against 0.919. The default stays a time limit, 12 minutes: what more "
            "gives is stored as a leaderboard of its own."
        ),
    ),
    "time-pixel": Study(
        "Would more rounds help the pixel classifier?",
        {
            "twice the rounds": Variation(
                "As good: what colours and textures tell is learned.", "same", steps_share=2.0
            ),
            "half of the rounds": Variation(
                "A little worse: trees correct each other's errors.", "worse", steps_share=0.5
            ),
            "a quarter of the rounds": Variation(
                "Worse: twenty trees leave much uncorrected.", "worse", steps_share=0.25
            ),
            "an eighth of the rounds": Variation(
                "Far worse: ten trees hold few colours.", "worse", steps_share=0.125
            ),
        },
        approach="pixel_lightgbm",
        baseline=ALL_ROUNDS,
        steps=80,
        outcome=(
            "On the cigarette butts every doubling is shown to help: twice the rounds gain 0.016 "
            "(0.005 to 0.028), half of them lose 0.030, a quarter 0.060 and an eighth 0.096. So "
            "eighty rounds are too few, and the default, which goes on to at most 400 as long as "
            "*tune* gains, stays."
        ),
    ),
    "time-fpn": Study(
        "The same with another decoder: would more time help it?",
        SHORTER,
        approach="smp_fpn_lite0",
        baseline=JUDGED_ONCE,
        steps=2000,
    ),
}


def studies_for(wanted: str) -> list[str]:
    """The studies a command line asks for: "all" or names separated by commas.

    Raises:
        ConfigError: a name is not in the table.
    """
    names = (
        list(STUDIES)
        if wanted == "all"
        else [name.strip() for name in wanted.split(",") if name.strip()]
    )
    unknown = [name for name in names if name not in STUDIES]
    if unknown or not names:
        raise ConfigError(
            f"there is no study {', '.join(unknown) or wanted!r}; there are {', '.join(STUDIES)}."
            f"{did_you_mean(unknown, STUDIES)}"
        )
    return names
