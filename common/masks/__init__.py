"""From probabilities to masks, and from masks to the scores of each image."""
