"""Where approaches fail and how sure they are: kinds of images, lost Dice, corruptions,
probabilities.
"""
