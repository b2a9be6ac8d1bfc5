"""Sample data for a run that names no data and finds none. A separate process draws them, so that
this one can import what it needs meanwhile, which takes seconds.
"""

import logging
import os
import subprocess
import sys

from approaches.running.options import DATA, SAMPLE
from common.commands import RefusedError

log = logging.getLogger(__name__)
# each image is of a place of its own, and as small as a short training wants it
SETTINGS = {"train": 160, "val": 120, "size": 256, "photos-per-place": 1, "strewn": 0}


class SampleDrawing:
    """The sample data of a run; leaving its block ends what is still drawn."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Begin to draw them, unless they are there."""
        if self._process is None and not SAMPLE.is_dir():
            log.info("no --data and no %s: generating sample data in %s", DATA, SAMPLE)
            settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "common.sample", f"--output={SAMPLE}", *settings],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C reaches this program alone, which ends that one
            )

    def finish(self) -> None:
        """Return when they are there.

        Raises:
            RefusedError: they could not be drawn; what stands above says why.
        """
        with self:
            self.begin()
            if self._process is not None and self._process.wait():
                raise RefusedError(
                    f"no sample data were made in {SAMPLE}; the reason stands above. Mend it, or "
                    "give data of your own with --data DIR."
                )

    def __enter__(self) -> "SampleDrawing":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
