import subprocess
import sys

import pytest

from approaches.memory import kept_memory

FAULTS = """
import resource
import numpy as np
from approaches.memory import keep_memory, kept_memory

def faults_of(times):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        np.ones(40 * 2**20, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

usual = faults_of(3)
with kept_memory():
    faults_of(1)
    kept = faults_of(3)
given_back = faults_of(1)
print(usual, kept, given_back, faults_of(3))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone keeps memory")
def test_freed_memory_is_taken_again_without_page_faults_and_given_back_once():
    told = subprocess.run(
        [sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True
    )
    usual, kept, given_back, later = map(int, told.stdout.split())
    assert kept < usual / 5 and later < usual / 5
    assert given_back > usual / 6


def test_an_error_within_it_ends_it():
    with pytest.raises(ZeroDivisionError), kept_memory():
        _ = 1 / 0
