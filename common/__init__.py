"""The ground the approaches stand on: data, run lengths, metrics, records, leaderboard and
submission; no torch here.
"""
