"""Every figure of the notebooks, from tables and arrays alone. Nothing is computed here that a
reader would quote.
"""
