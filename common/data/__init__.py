"""Labelled images and their roles: *fit* and *tune* from `train`, *score* from `val`, and the
photos without labels.
"""

from common.data.sets import (
    Data,
    DataSet,
    Sample,
    as_predicted,
    data_key,
    decode,
    load_data,
)

__all__ = ["Data", "DataSet", "Sample", "as_predicted", "data_key", "decode", "load_data"]
