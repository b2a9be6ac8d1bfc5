"""What a cigarette butt looks like, before it lies anywhere: its paper, print, end, wear and dirt.

A `Design` is the whole appearance; pose, size and light belong to the photo. It draws nothing.
"""

from dataclasses import dataclass

import numpy as np

from common.sample.noise import linear, mixed

PAPERS = [
    linear(243, 241, 236),
    linear(228, 229, 230),
    linear(212, 216, 220),
    linear(190, 196, 202),
    linear(214, 203, 180),
]
CORKS = [
    linear(222, 150, 72),
    linear(205, 128, 52),
    linear(232, 172, 98),
    linear(186, 118, 62),
    linear(214, 160, 106),
]
INKS = [
    linear(60, 80, 150),
    linear(60, 130, 95),
    linear(170, 140, 70),
    linear(90, 90, 95),
    linear(150, 50, 50),
]


@dataclass(frozen=True)
class Design:
    """The look of one butt; photos of the same place show it again.

    Attributes:
        seed: Of its speckles, wrinkles and stains.
        length: In diameters, 1.4 to 9.
        tip: Length of the tipping paper in diameters; may be longer than the butt.
        paper: (3,) linear colour of the paper.
        tipping: (3,) linear colour of the tipping paper.
        speckle: Strength of the cork print, 0 for a plain tip.
        rings: Printed rings as (place, width in diameters, colour's number).
        brand: Whether letters are printed on the paper.
        burn: How far the end is charred, in diameters; 0 for a torn end.
        ash: Share of ash on the burnt end.
        ragged: Roughness of the open end in diameters.
        flat: 0 for round, 1 for trodden flat.
        crush: Strength of the wrinkles.
        waist: How much the outline wanders, in diameters.
        bend: Sideways bow in diameters.
        kink: Angle of a fold in radians.
        dirt: Share of dirt.
        stripped: Whether the bare fibres of the filter show instead of paper.
    """

    seed: int
    length: float
    tip: float
    paper: np.ndarray
    tipping: np.ndarray
    speckle: float
    rings: tuple[tuple[float, float, int], ...]
    brand: bool
    burn: float
    ash: float
    ragged: float
    flat: float
    crush: float
    waist: float
    bend: float
    kink: float
    dirt: float
    stripped: bool


def draw_design(rng: np.random.Generator) -> Design:
    """Invent a butt: a third each with a cork tip and all white, the rest have lost their paper or
    are whole.
    """
    kind = rng.choice(
        ["cork", "white", "tip only", "whole", "stripped"], p=[0.33, 0.36, 0.17, 0.08, 0.06]
    )
    tip = rng.uniform(2.1, 3.3)
    left = {
        "cork": (0.3, 2.2),
        "white": (-0.9, 1.6),
        "tip only": (-1.0, 0.15),
        "whole": (3.0, 5.6),
        "stripped": (-1, 0),
    }
    length = max(rng.uniform(1.5, 2.1), tip + rng.uniform(*left[kind]))
    white = kind == "white" or (kind != "cork" and rng.random() < 0.3)
    paper = mixed(PAPERS, [4, 4, 4, 3, 1], rng, 1, 0.14)[0].clip(0, 0.95)
    tipping = paper if white else mixed(CORKS, [4, 4, 3, 2, 1], rng, 1, 0.12)[0].clip(0, 0.9)
    trodden = rng.random() < 0.45
    inks = int(rng.integers(len(INKS)))
    rings = tuple(
        (tip - rng.uniform(0.08, 0.3) - 0.16 * k, rng.uniform(0.03, 0.09), inks)
        for k in range(rng.integers(3))
    )
    return Design(
        seed=int(rng.integers(2**31)),
        length=float(length),
        tip=float(tip),
        paper=paper,
        tipping=tipping,
        speckle=0.0 if white else float(rng.uniform(0.05, 0.5)),
        rings=rings if rng.random() < 0.5 else (),
        brand=bool(rng.random() < 0.25),
        burn=float(
            rng.choice([0.0, rng.uniform(0.05, 0.25), rng.uniform(0.2, 0.8)], p=[0.35, 0.4, 0.25])
        ),
        ash=float(rng.uniform(0, 1)),
        ragged=float(
            rng.choice(
                [0.02, rng.uniform(0.03, 0.12), rng.uniform(0.08, 0.2)], p=[0.4, 0.42, 0.18]
            )
        ),
        flat=float(rng.uniform(0.4, 1) if trodden else rng.uniform(0, 0.25)),
        crush=float(rng.uniform(0.3, 1.2) if rng.random() < 0.4 else rng.uniform(0.02, 0.3)),
        waist=float(rng.uniform(0.01, 0.08) if trodden else rng.uniform(0, 0.035)),
        bend=float(rng.normal(0, 0.12)),
        kink=float(rng.uniform(-0.6, 0.6) if rng.random() < 0.2 else 0.0),
        dirt=float(rng.uniform(0, 0.9) ** 3),
        stripped=bool(kind == "stripped"),
    )
