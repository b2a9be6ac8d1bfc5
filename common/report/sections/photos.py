"""Photos without labels."""

from common.report.narrative.photos import of_photos, of_review, review_table
from common.report.section import Details, Link, Section
from common.report.sections.material import Material, count_of

WITHOUT_DATA = (
    "This report was made without the data folder of the run, so it shows no photos; what a "
    "person noted of them stands here where it is stored."
)


def real_photos(material: Material) -> Section:
    """What the winner's masks hold on photos without labels."""
    run = material.run
    text = of_photos(material.pieces, material.train) if material.with_data else WITHOUT_DATA
    noted = of_review(material.review, run.winner)
    summary = "Photo by photo, as a person saw it" if noted else "Have a person count them"
    shown = count_of(material.photo_count or 0, len(material.photos))
    return Section(
        "photos",
        "Does it work on photos without labels?",
        " ".join(filter(None, [text, noted])),
        photos=material.photos,
        legend="outline" if material.photos else "",
        details=[Details(summary, review_table(material.review, run.winner))],
        links=[Link("submission/real_test.html", "all photos with mask, cut-out and heat map")],
        note=shown,
    )
