"""What predicting new photos leaves behind: which photos are meant, and the folder of masks,
overlays, objects and COCO annotations. It needs no model.
"""

from common.predictions.folder import PredictionFolder
from common.predictions.photos import Photo, PhotosError, find_photos

__all__ = ["Photo", "PhotosError", "PredictionFolder", "find_photos"]
