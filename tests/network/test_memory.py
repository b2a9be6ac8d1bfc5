import resource
import sys

import numpy as np
import pytest

from approaches.network.memory import kept_memory

BLOCK = 40 * 2**20


def faults_of(times):
    """Page faults of taking and giving back a large block that many times."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        np.ones(BLOCK, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone keeps memory")
def test_freed_memory_is_taken_again_without_page_faults_and_given_back_at_the_end():
    usual = faults_of(3)
    with kept_memory():
        faults_of(1)
        kept = faults_of(3)
    assert kept < usual / 5
    assert faults_of(3) > usual / 2


def test_an_error_within_it_ends_it():
    with pytest.raises(ZeroDivisionError), kept_memory():
        _ = 1 / 0
