"""The hypotheses, each with what is expected of it before it is run. A new study is an entry of this table;
`python bench.py --study NAME` runs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NETWORK = "smp_unet_lite0"
LAST_EPOCH = {"evaluations": 1}  # the last epoch is kept: nothing of a training is chosen on the images that judge it


@dataclass(frozen=True)
class Variation:
    """One change of the baseline.

    Attributes:
        expected: what it should do, and why, said beforehand.
        settings: of the approach, beside the baseline's.
        steps_share: of the baseline's steps, where one step costs more or less, so that the time is about equal.
        approach: another than the study's; one that combines others is given the baseline's trained models.
    """

    expected: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    steps_share: float = 1.0
    approach: str = ""


@dataclass(frozen=True)
class Study:
    """One question.

    Attributes:
        question: in words.
        variations: by name; all are compared with the baseline.
        approach: that is varied.
        baseline: its settings that differ from the defaults of the table.
        steps: of each training, unless the command line says otherwise.
    """

    question: str
    variations: Mapping[str, Variation]
    approach: str = NETWORK
    baseline: Mapping[str, Any] = field(default_factory=lambda: LAST_EPOCH)
    steps: int = 100


STUDIES: dict[str, Study] = {
    "augmentation": Study(
        "Which changes of the training images help on objects that training never saw?",
        {
            "none": Variation(
                "Worse: with few different objects the network learns them by heart.", {"augmentation": "none"}
            ),
            "geometric alone": Variation(
                "A little worse: colour and light differ between photos, and only the full set varies them.",
                {"augmentation": "geometric"},
            ),
            "photometric alone": Variation(
                "Worse: objects lie at every angle and size, which must be learned from few.",
                {"augmentation": "photometric"},
            ),
            "copy-paste": Variation(
                "Better: every object is seen on many more grounds, and more crops hold one.", {"paste_share": 0.5}
            ),
            "generated butts laid on": Variation(
                "Better: real grounds with objects of endless looks, where the data set has few.", {"butt_share": 0.5}
            ),
            "generated scenes mixed in": Variation(
                "A little better: new objects, but the grounds are not real ones.", {"generated_share": 0.25}
            ),
            "distractors laid on": Variation(
                "No difference here, fewer false objects on real photos: the data set's grounds hold little litter.",
                {"litter_share": 0.5},
            ),
        },
    ),
    "longer-training": Study(
        "Does augmentation that costs in a short training pay in one four times as long?",
        {
            "photometric alone": Variation(
                "Worse than everything together: in so many passes the network has learned the few objects by heart.",
                {"augmentation": "photometric"},
            ),
            "generated butts laid on": Variation(
                "Better: what is seen more often than fifteen times should not always be the same.", {"butt_share": 0.5}
            ),
        },
        steps=400,
    ),
    "loss": Study(
        "Which loss?",
        {
            "BCE": Variation("Worse in Dice: small objects weigh little in it.", {"loss": "bce"}),
            "Dice": Variation("As good in Dice, but nothing is learned from crops without object.", {"loss": "dice"}),
            "focal Tversky": Variation("More recall, less precision, no gain in Dice.", {"loss": "focal_tversky"}),
            "BCE and Lovász": Variation("As good: it aims at the same overlap.", {"loss": "bce_lovasz"}),
        },
    ),
    "crops": Study(
        "Full images or crops near objects, in the same time?",
        {
            "full images": Variation(
                "Worse: most pixels of a full image are ground, so fewer objects are seen in the same time.",
                {"crop_px": 512, "batch": 4, "object_share": 0.0},
                steps_share=0.5,
            ),
            "crops anywhere": Variation("Worse: most crops then hold no object.", {"object_share": 0.0}),
            "crops of 128 px": Variation(
                "Worse in spite of twice the steps: large objects no longer fit into a crop.",
                {"crop_px": 128},
                steps_share=2.0,
            ),
        },
    ),
    "pretraining": Study(
        "What do ImageNet weights give?",
        {"random weights": Variation("Far worse: a few hundred steps do not replace ImageNet.", {"pretrained": False})},
    ),
    "scale-jitter": Study(
        "How much should sizes vary in training?",
        {
            "no scaling": Variation("Worse: butts come at many sizes.", {"zoom": (1.0, 1.0)}),
            "wide scaling": Variation("No difference here, better on photos from further away.", {"zoom": (0.35, 1.8)}),
        },
    ),
    "resolution": Study(
        "At which resolution should the network look, in the same time?",
        {
            "half": Variation("Worse: outlines lose a pixel.", {"input_scale": 0.5}, steps_share=2.5),
            "one and a half": Variation(
                "Worse in the same time: sharper outlines, but half the steps.", {"input_scale": 1.5}, steps_share=0.5
            ),
        },
    ),
    "views": Study(
        "Do flips and quarter turns of the image to predict pay?",
        {
            "2 views": Variation("A little better.", {"views": 2}, approach="tta_ensemble"),
            "8 views": Variation(
                "Half a point to one point better, at eight times the cost.", {"views": 8}, approach="tta_ensemble"
            ),
        },
    ),
    "pixel-features": Study(
        "Which features does the pixel classifier need?",
        {
            "without colour": Variation(
                "Far worse: butts stand out by colour.", {"feature_groups": ("contrast", "edges", "texture")}
            ),
            "without contrast": Variation(
                "Worse: a colour says most beside that of its surroundings.",
                {"feature_groups": ("colour", "edges", "texture")},
            ),
            "without edges": Variation(
                "A little worse at the outline.", {"feature_groups": ("colour", "contrast", "texture")}
            ),
            "without texture": Variation(
                "Worse: butts are smooth, grounds are not.", {"feature_groups": ("colour", "contrast", "edges")}
            ),
            "four scales": Variation("Worse: the coarse scales see a whole butt.", {"scales": 4}),
        },
        approach="pixel_lightgbm",
        baseline={},
        steps=400,
    ),
}
