"""Regions that a model finds in a photo: what can be said of each, and which are objects; for
`approaches.region_lightgbm`.
"""
