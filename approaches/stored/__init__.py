"""What is done with a stored model: photos are predicted, it is exported, labelled images are
scored. The commands beside this folder read their words before any of it is imported.
"""
