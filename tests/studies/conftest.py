"""Studies train often, so here the sample data are the small ones."""

from pathlib import Path

import pytest

from common.data import Data, load_data


@pytest.fixture(scope="session")
def sample_folder(small_folder) -> Path:
    return small_folder


@pytest.fixture(scope="session")
def sample_data(sample_folder) -> Data:
    return load_data(sample_folder)
