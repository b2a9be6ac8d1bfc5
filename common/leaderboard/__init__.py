"""From the records of a run to ranked rows, a winner and what may be concluded: a function of
stored results alone.

choice.py       how the winner is chosen                                <- nothing
rows.py         records → rows; the comparison of a per-image table     <- nothing
seeds.py        several trainings: variance of seeds and of images      <- rows
standing.py     who is worse, equivalent, not told apart                <- nothing
sentences.py    what may be concluded                                   <- standing
text.py         Markdown, terminal, conventions                         <- rows
files.py        leaderboard.csv and .md, per_image.csv                  <- all of these
score_table.py  anybody's scores from a CSV                             <- nothing
details.py      the further tables of a run                             <- rows
studies.py      the table of a study, and what follows from it          <- rows
__main__.py     `python -m common.leaderboard analyse per_image.csv`
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
