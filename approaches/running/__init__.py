"""The engine: approaches through their stages in the folder of a run, from the command line to the
submission.
"""
