"""What all networks share: the training loop, its crops, losses and checkpoints, and the
prediction of whole images.
"""
