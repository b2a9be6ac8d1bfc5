"""The ground the approaches stand on: data, run lengths, metrics, records, leaderboard and
submission; no torch here.
"""

from importlib import metadata

try:
    __version__ = metadata.version("segmentation-bench")
except metadata.PackageNotFoundError:  # a copy that was never installed
    __version__ = "unknown"
