"""One log from many modules: each logs under its own name, and a command shows and stores what all
of them say.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PARENTS = tuple(logging.getLogger(name) for name in ("approaches", "bench", "common"))


@contextmanager
def console_log(level: int) -> Iterator[None]:
    """Within the block the project's modules log to stderr; after it, every handler that was added
    within is closed.

    Args:
        level: what is less important stays silent.
    """
    before = [(logger, logger.level, list(logger.handlers)) for logger in PARENTS]
    for logger in PARENTS:
        logger.setLevel(level)
    log_to(logging.StreamHandler(sys.stderr), "%H:%M:%S")
    try:
        yield
    finally:
        for logger, earlier_level, earlier_handlers in before:
            logger.setLevel(earlier_level)
            for handler in set(logger.handlers) - set(earlier_handlers):
                logger.removeHandler(handler)
                handler.close()


def log_to(handler: logging.Handler, time_format: str | None = None) -> None:
    """Give a handler what the project's modules log, each line with its time.

    Args:
        handler: of the console or of a file.
        time_format: as for `time.strftime`; None writes date and time.
    """
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", time_format))
    for logger in PARENTS:
        logger.addHandler(handler)
