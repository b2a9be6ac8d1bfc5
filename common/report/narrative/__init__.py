"""The sentences of the report, filled from the numbers of a finished run. A sentence is chosen by
the numbers, so that none stands under results of which it is not true; a number that a figure or
table shows is not said again; what was not measured is named. What can be decided is decided
elsewhere (`common.statistics`, `common.analysis`, `common.leaderboard`); here means and medians
are taken of what a sentence is about, and no more.
"""
