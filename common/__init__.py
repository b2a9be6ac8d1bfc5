"""What approaches share and what is made of their results: data, run lengths, metrics, masks,
records, statistics, leaderboard, submission and report. No learning library is imported here.
"""

from importlib import metadata

try:
    __version__ = metadata.version("segmentation-bench")
except metadata.PackageNotFoundError:  # a copy that was never installed
    __version__ = "unknown"
