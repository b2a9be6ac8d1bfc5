"""Hypotheses about training, and the trainings that test them on folds of `train`."""

from approaches.studies.hypotheses import STUDIES, Study, Variation

__all__ = ["STUDIES", "Study", "Variation"]
