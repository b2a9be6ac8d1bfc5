"""A model as a folder that is whole by itself: what it says of itself, and its model card."""
