"""Scores of a trained approach on corrupted copies of images; the processes share them."""

from approaches import processes
from approaches.segmenter import Segmenter
from common.analysis.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from common.data import DataSet
from common.metrics import count_pixels, dice
from common.progress import progress
from common.records import CorruptedScore


def corrupted_scores(segmenter: Segmenter, images: DataSet, seed: int = 0) -> list[CorruptedScore]:
    """Predict every image under every corruption at every severity.

    Args:
        segmenter: whose masks are scored.
        images: labelled; the same for all approaches that are compared.
        seed: of what is random in the corruptions.

    Returns:
        On every process, a score for each image, corruption and severity.
    """
    jobs = [
        (index, kind, severity)
        for index in range(len(images))
        for kind in CORRUPTIONS
        for severity in SEVERITIES
    ]
    part: dict[int, CorruptedScore] = {}
    what = f"{segmenter.name}: scoring corrupted images"
    with processes.together(what):
        for job in progress(processes.share(range(len(jobs))), what, show=processes.is_main()):
            index, kind, severity = jobs[job]
            sample = corrupt(images[index], kind, severity, seed)
            tp, fp, fn, _ = count_pixels(
                segmenter.predict(sample.image), sample.mask, sample.ignore
            )
            score = CorruptedScore(kind, severity, sample.image_id, tp, fn, dice(tp, fp, fn))
            part[job] = score
    return [score for _, score in sorted(processes.join(part).items())]
