"""What is handed in: the masks of `val` as a CSV of run lengths, and the page of masks on photos
with its zip.
"""
