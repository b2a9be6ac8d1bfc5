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
    """Within the block the project's modules log to stderr, above a bar where one is shown; after
    it, every handler that was added within is closed.

    Args:
        level: what is less important stays silent.
    """
    from tqdm.contrib.logging import logging_redirect_tqdm

    before = [(logger, logger.level, list(logger.handlers)) for logger in PARENTS]
    for logger in PARENTS:
        logger.setLevel(level)
    log_to(logging.StreamHandler(sys.stderr), "%H:%M:%S")
    within: set[logging.Handler] = set()
    try:
        with logging_redirect_tqdm(list(PARENTS)):
            try:
                yield
            finally:  # which puts the handlers back that it found
                within |= {handler for logger in PARENTS for handler in logger.handlers}
    finally:
        for logger, earlier_level, earlier_handlers in before:
            within |= set(logger.handlers)
            logger.setLevel(earlier_level)
            logger.handlers = earlier_handlers
        for handler in within.difference(*(earlier for _, _, earlier in before)):
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
